# statuses: timeout
# answers: not-run
# seconds: 1
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
