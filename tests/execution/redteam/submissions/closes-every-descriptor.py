# statuses: died
# answers: not-run
# reasons: exit signal closed
import os
os.closerange(0, 1 << 16)
