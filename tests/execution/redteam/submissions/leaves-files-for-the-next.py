# Anything the next submission might meet.
# left: yes
import os
for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", os.path.expanduser("~"), os.getcwd(), os.path.dirname(os.getcwd())):
    try:
        open(f"{folder}/left-behind", "w").write("x")
    except OSError:
        pass
