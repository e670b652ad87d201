# statuses: ok error died malformed
# answers: ok error not-run malformed
# reasons: closed exit
import builtins
builtins.len = lambda _: 0
builtins.isinstance = lambda *_: True
