import os
os.link(f"{SECRETS}/key", "mine")
print(open("mine").read())
