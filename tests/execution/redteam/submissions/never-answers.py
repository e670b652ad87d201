# answers: timeout
# seconds: 0.4
def double(x):
    while True:
        pass
