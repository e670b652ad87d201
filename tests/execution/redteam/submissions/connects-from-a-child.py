# unconfined: escapes
!(echo x > /dev/tcp/127.0.0.1/$PORT) 2>/dev/null; true
import subprocess
code = f"import socket; socket.create_connection(('127.0.0.1', {PORT}), 1); print('ESCA' + 'PED')"
import sys
print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
