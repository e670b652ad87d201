import os, subprocess
for change in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0)):
    try:
        change()
        escaped("became root")
    except OSError:
        pass
for command in (["su", "-c", "id"], ["sudo", "-n", "id"], ["newgrp", "root"]):
    try:
        done = subprocess.run(command, capture_output=True, timeout=2, stdin=subprocess.DEVNULL, text=True)
        if "uid=0" in done.stdout:
            escaped(str(command))
    except (OSError, subprocess.TimeoutExpired):
        pass
