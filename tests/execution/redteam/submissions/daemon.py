# Forks twice, leaves its session, and waits for the next submission.
# leftovers: yes
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        time.sleep(60)
    os._exit(0)
