# unconfined: escapes
import socket
socket.create_connection(("127.0.0.1", PORT), 1).send(b"x")
escaped("connected")
