# statuses: malformed
# answers: not-run
get_ipython().execution_count = -(10**30)
