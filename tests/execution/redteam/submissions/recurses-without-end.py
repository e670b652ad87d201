# statuses: error died
# answers: ok not-run
# reasons: closed signal memory
import sys
sys.setrecursionlimit(10**9)
def f():
    return f() + 1
f()
