# statuses: ok error died
# answers: ok error not-run
# reasons: closed exit
import sys
sys.stdout = sys.stderr = None
print("x")
