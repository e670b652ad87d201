# Catches the interrupt and goes on.
# answers: timeout
# seconds: 0.4
def double(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
