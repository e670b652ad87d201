import os, stat
os.mknod("disk", stat.S_IFBLK | 0o666, os.makedev(254, 0))
escaped("made a block device")
