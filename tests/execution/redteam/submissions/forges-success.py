# Says that a failed cell succeeded.
# statuses: ok error
get_ipython().showtraceback = lambda *a, **k: None
1 / 0
