"""`python -m experiments`: runs every experiment whose result is older than its code."""

import sys

from experiments.cli import main_all

sys.exit(main_all())
