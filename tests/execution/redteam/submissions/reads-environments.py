# Its own and everyone's.
import glob, os
print(dict(os.environ))
for path in glob.glob("/proc/*/environ"):
    try:
        print(open(path, "rb").read()[:3000])
    except OSError:
        pass
