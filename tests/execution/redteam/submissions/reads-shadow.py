# The password hashes of the machine.
try:
    escaped(open("/etc/shadow").readline()[:10])
except OSError:
    pass
