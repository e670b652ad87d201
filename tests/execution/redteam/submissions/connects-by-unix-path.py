# unconfined: escapes
import socket
client = socket.socket(socket.AF_UNIX)
client.connect(UNIX_PATH)
client.send(b"x")
escaped("connected")
