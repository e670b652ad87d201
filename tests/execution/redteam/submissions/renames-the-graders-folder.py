# unconfined: escapes
import os
os.rename(f"{SECRETS}/submitted", f"{SECRETS}/moved")
escaped("renamed")
