# Looks for the token in every small file it may open outside the system's folders.
import os
seen = 0
for top in ("/tmp", "/home", "/root", "/var", "/run", "/opt", "/srv", "/mnt", "/etc", "/dev/shm", SECRETS, REPOSITORY):
    for folder, folders, files in os.walk(top):
        folders[:] = [f for f in folders if f not in ("proc", "sys", ".venv", "site-packages", "lib", "__pycache__", ".git")]
        for file in files:
            seen += 1
            path = os.path.join(folder, file)
            if seen > 5000:
                break
            try:
                if os.path.isfile(path) and os.path.getsize(path) < 100_000:
                    data = open(path, "rb").read()
                    if TOKEN_PREFIX.encode() in data:
                        print(path, data[:500])
            except OSError:
                pass
