import atexit, os
atexit.register(lambda: open(f"{SECRETS}/owned", "w").write("x"))
class Last:
    def __del__(self):
        while True:
            pass
keep = Last()
