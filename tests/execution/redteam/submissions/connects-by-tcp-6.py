import socket
socket.create_connection(("::1", PORT), 1)
escaped("connected")
