# leftovers: yes
import subprocess
for _ in range(5):
    subprocess.Popen(["/bin/sh", "-c", "sleep 60 & sleep 60"], start_new_session=True)
