x = bytearray(1 << 30)
escaped("took a gigabyte")
