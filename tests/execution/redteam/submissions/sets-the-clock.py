# To the time it is, in case nothing stops it.
import time
time.clock_settime(time.CLOCK_REALTIME, time.time())
escaped("set the clock")
