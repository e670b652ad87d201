# statuses: ok error died malformed
# answers: ok error not-run malformed
# reasons: closed exit
import sys
sys.modules.clear()
