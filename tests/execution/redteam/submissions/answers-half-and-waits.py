# answers: timeout
# seconds: 0.5
import time
def double(x):
    send_raw(b"\0\0\0\x10\0\0\0\0{")
    time.sleep(60)
