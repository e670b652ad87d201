# Every object there is, for a secret.
import gc
mark = TOKEN_PREFIX
for thing in gc.get_objects():
    try:
        values = thing.values() if type(thing) is dict else thing if type(thing) in (list, tuple) else ()
        for value in list(values):
            if type(value) is str and mark in value or type(value) is bytes and mark.encode() in value:
                print(value)
    except Exception:
        pass
