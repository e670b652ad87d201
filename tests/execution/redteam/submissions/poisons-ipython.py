# statuses: ok error died timeout malformed
# answers: ok error not-run timeout malformed
# reasons: closed exit
# seconds: 1
shell = get_ipython()
shell.run_cell = lambda *a, **k: 1 / 0
shell.events.register("post_run_cell", lambda *_: 1 / 0)
shell.ast_transformers.append(object())
shell.user_ns.clear()
