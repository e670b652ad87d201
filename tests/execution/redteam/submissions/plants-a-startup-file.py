# Code that the next interpreter would run.
import os, site, sys
for folder in [*site.getsitepackages(), *sys.path, sys.prefix]:
    for name in ("left-behind.pth", "sitecustomize.py"):
        try:
            if os.path.realpath(folder) != os.path.realpath(os.getcwd()):
                open(os.path.join(folder, name), "w").write("")
                escaped(folder)
        except OSError:
            pass
