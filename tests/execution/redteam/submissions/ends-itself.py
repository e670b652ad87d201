# statuses: died
# answers: not-run
# reasons: exit
import os
os._exit(0)
