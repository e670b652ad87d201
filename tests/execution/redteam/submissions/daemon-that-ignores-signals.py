# leftovers: yes
import os, signal, time
if os.fork() == 0:
    os.setsid()
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    end = time.time() + 60
    while time.time() < end:
        time.sleep(1)
    os._exit(0)
