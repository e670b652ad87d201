# statuses: ok error
# reasons: closed disk
import os
for _ in range(64):
    os.write(1, b"x" * (1 << 20))
