# Whatever the warm parent had in memory, the fork has too.
try:
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            low, high = (int(x, 16) for x in span.split("-"))
            if rights.startswith("rw") and high - low < 1 << 27:
                try:
                    memory.seek(low)
                    data = memory.read(high - low)
                except OSError:
                    continue
                at = data.find(TOKEN_PREFIX.encode())
                while at >= 0:
                    print(data[at:at + 80])
                    at = data.find(TOKEN_PREFIX.encode(), at + 1)
                del data
except OSError:
    pass
