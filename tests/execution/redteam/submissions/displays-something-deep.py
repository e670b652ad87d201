# statuses: error malformed
# answers: ok not-run
deep = []
for _ in range(100_000):
    deep = [deep]
display({"application/json": deep}, raw=True)
