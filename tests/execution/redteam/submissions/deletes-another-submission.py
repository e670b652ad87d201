# unconfined: escapes
import shutil
shutil.rmtree(f"{SECRETS}/submitted")
escaped("deleted")
