# unconfined: escapes
import socket
client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
client.sendto(b"x", UNIX_DATAGRAM_PATH)
escaped("sent")
