# Ends while a child holds the connection open.
# statuses: died
# answers: not-run
# reasons: exit
# leftovers: yes
import os, time
if os.fork() == 0:
    time.sleep(60)
os._exit(0)
