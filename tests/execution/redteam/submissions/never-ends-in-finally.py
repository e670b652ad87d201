# statuses: timeout
# answers: not-run
# seconds: 0.4
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
