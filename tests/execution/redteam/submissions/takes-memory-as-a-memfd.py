# Such pages belong to no process.
# unconfined: escapes
import os
handle = os.memfd_create("x")
escaped("made a memory file")
