# Floods the connection while the grader waits.
# statuses: ok error malformed died
# answers: malformed timeout not-run died
# seconds: 1
import threading
def flood():
    while True:
        try:
            send_raw(b"x" * 1000)
        except OSError:
            return
threading.Thread(target=flood, daemon=True).start()
