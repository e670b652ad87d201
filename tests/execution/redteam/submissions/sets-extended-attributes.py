import os
os.setxattr(".", "user.left", b"x")
escaped("set an attribute")
