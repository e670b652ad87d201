# Sends a descriptor to itself, and looks for others in what it gets.
import os, socket
one, two = socket.socketpair()
socket.send_fds(one, [b"x"], [0])
message, handles, _, _ = socket.recv_fds(two, 10, 4)
for handle in handles:
    if os.path.exists(f"/proc/self/fd/{handle}") and "null" not in os.readlink(f"/proc/self/fd/{handle}"):
        escaped("a foreign descriptor")
