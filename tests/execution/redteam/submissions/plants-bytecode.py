# A compiled file that Python would prefer.
import importlib.util, json
path = importlib.util.cache_from_source(json.__file__)
open(path, "ab").write(b"")
escaped(path)
