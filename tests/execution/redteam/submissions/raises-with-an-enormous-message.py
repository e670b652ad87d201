# statuses: error
raise ValueError("x" * 10_000_000)
