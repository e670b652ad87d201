# Opens the grader's secret key.
# unconfined: escapes
print(open(f"{SECRETS}/key").read())
