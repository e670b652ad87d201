# Children that nobody waits for.
import os, signal
for _ in range(30):
    if os.fork() == 0:
        os._exit(0)
