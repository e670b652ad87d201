# unconfined: escapes
import socket
client = socket.socket(socket.AF_UNIX)
client.connect("\0" + ABSTRACT)
client.send(b"x")
escaped("connected")
