# statuses: error timeout died
# answers: ok not-run
# seconds: 0.5
class Endless(Exception):
    def __str__(self):
        while True:
            pass
raise Endless
