# A link of its own into the grader's folder.
# unconfined: escapes
import os
os.symlink(f"{SECRETS}/key", "mine")
print(open("mine").read())
