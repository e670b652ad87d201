# The stack, its locals and its globals.
import inspect, sys
for number, frame in sys._current_frames().items():
    while frame:
        for scope in (frame.f_locals, frame.f_globals):
            for name, value in list(scope.items()):
                text = repr(value)[:2000] if name != "_" else ""
                if TOKEN_PREFIX in text:
                    print(name, text)
        frame = frame.f_back
