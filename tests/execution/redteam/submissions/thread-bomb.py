# statuses: ok error died
# reasons: closed processes
# answers: ok not-run
import threading, time
for _ in range(200):
    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
