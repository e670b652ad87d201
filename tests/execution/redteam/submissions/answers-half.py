# answers: died
# reasons: exit
import os
def double(x):
    send_raw(b"\0\0\0\x10\0\0\0\0{")
    os._exit(0)
