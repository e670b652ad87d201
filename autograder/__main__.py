"""`python -m autograder`, and `%run -m autograder` in a cell."""

import builtins
import sys

from autograder.cli import main, run

in_cell = hasattr(builtins, "get_ipython")
code: str | int | None
try:
    code = main() if in_cell else run()
except SystemExit as end:  # the parser's own
    code = end.code
if not in_cell:  # in a cell, what was printed says it all, and an exit shows as a traceback
    sys.exit(code)
