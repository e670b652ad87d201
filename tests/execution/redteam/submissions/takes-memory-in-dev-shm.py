# Files in memory, beyond what the disk limit allows.
for number in range(8):
    with open(f"/dev/shm/{number}", "wb") as file:
        file.write(b"x" * (9 << 20))
escaped("72 MB in shared memory")
