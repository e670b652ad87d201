# answers: malformed timeout
# seconds: 1
import os
def double(x):
    send_raw(os.urandom(100_000))
    return x
