# Copies from a neighbour.
# unconfined: escapes
import os
for folder, _, files in os.walk(f"{SECRETS}/submitted"):
    for file in files:
        print(open(os.path.join(folder, file)).read())
os.listdir(f"{SECRETS}/submitted")
