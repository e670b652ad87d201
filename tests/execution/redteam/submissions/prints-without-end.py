# statuses: ok
for _ in range(200_000):
    print("x" * 200)
