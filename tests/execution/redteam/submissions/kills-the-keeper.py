import os, signal
for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSTOP, signal.SIGSEGV):
    for process in {os.getppid(), 1} - {os.getpid()}:
        try:
            os.kill(process, number)
        except OSError:
            pass
