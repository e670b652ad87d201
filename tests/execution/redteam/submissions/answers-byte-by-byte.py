# Keeps the grader reading without end.
# answers: timeout died malformed
# seconds: 0.5
import time
def double(x):
    send_raw(b"\0\x10\0\0\0\0\0\0")
    while True:
        send_raw(b" ")
        time.sleep(0.01)
