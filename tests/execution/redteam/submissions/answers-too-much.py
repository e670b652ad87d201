# A header that promises four gigabytes.
# answers: malformed
def double(x):
    send_raw(b"\xff" * 8)
    return x
