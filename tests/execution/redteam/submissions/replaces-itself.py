# Another program in the student's process.
# statuses: died timeout
# answers: not-run
# reasons: closed exit
# seconds: 1
import os
os.execv("/bin/sh", ["sh", "-c", "sleep 30"])
