held = [open("/dev/null") for _ in range(1000)]
escaped("1000 descriptors")
