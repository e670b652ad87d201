"""Writing exercises: the vocabulary of `cases.py`, `mistakes.py` and `variants.py`."""

from autograder.authoring.cases import call, case, exercise, holds, mistake, probe, variant
from autograder.authoring.draw import Draw

__all__ = ["Draw", "call", "case", "exercise", "holds", "mistake", "probe", "variant"]
