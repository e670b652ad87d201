"""`python -m autograder`, and `%run -m autograder` in a cell."""

import builtins
import sys

from autograder.cli import main

code: str | int | None
try:
    code = main()
except SystemExit as end:  # the parser's own
    code = end.code
if not hasattr(builtins, "get_ipython"):  # in a cell, what was printed says it all, and an exit shows as a traceback
    sys.exit(code)
