with open("big", "wb") as file:
    for _ in range(64):
        file.write(b"x" * (1 << 20))
escaped("64 MB in one file")
