# Floods the connection while the grader waits. The answer comes after the flood, however late the thread is.
# statuses: ok error malformed died
# answers: malformed timeout not-run died
# seconds: 1
import threading
flooded = threading.Event()
def flood():
    while True:
        try:
            send_raw(b"x" * 1000)
        except OSError:
            return
        flooded.set()
def double(x):
    flooded.wait()
    return 2 * x
threading.Thread(target=flood, daemon=True).start()
