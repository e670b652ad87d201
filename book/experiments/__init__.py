"""The experiments of the book: one module per claim, its result as JSON beside it, its figure drawn from the JSON.

>>> import experiments
>>> experiments.summary("k1")["verdict"]        # what a page may quote
>>> experiments.show("k1")                      # the figure, for light and dark pages
>>> experiments.is_stale("k1")                  # has the code changed since?

Run one with `python -m experiments.k1`, all whose code has changed with `python -m experiments`.
"""

from experiments.record import Result, is_stale, load, names, show, summary

__all__ = ["Result", "is_stale", "load", "names", "show", "summary"]
