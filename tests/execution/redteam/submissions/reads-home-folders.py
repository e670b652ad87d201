import glob
for path in glob.glob("/home/*/.*") + glob.glob("/root/.*"):
    try:
        open(path).read(1)
        if not path.startswith("/home/student"):
            escaped(path)
    except OSError:
        pass
