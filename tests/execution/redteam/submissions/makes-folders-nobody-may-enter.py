import os
os.makedirs("a/b/c")
open("a/b/c/file", "w").write("x")
for folder in ("locked", "locked2"):
    os.mkdir(folder, 0)
os.umask(0o777)
os.mkdir("locked3")
