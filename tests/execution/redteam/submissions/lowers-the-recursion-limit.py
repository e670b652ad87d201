# statuses: ok error died
# answers: ok error not-run
# reasons: closed exit signal
import sys
sys.setrecursionlimit(60)
