# Shared pages do not count as data.
# statuses: died
# answers: not-run
# reasons: memory
import mmap, time
area = mmap.mmap(-1, 512 << 20)
for at in range(0, 512 << 20, 1 << 20):
    area[at:at + (1 << 20)] = b"x" * (1 << 20)
    time.sleep(0.002)
time.sleep(20)
