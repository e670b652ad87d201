# unconfined: escapes
open(f"{SECRETS}/owned", "w").write("x")
escaped("wrote")
