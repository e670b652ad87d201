held = []
for _ in range(64):
    held.append(bytes(16 << 20))
escaped("took a gigabyte")
