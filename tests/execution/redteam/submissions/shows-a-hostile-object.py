# statuses: ok error timeout
# answers: ok not-run
# seconds: 0.5
class Hostile:
    def __repr__(self):
        while True:
            pass
Hostile()
