"""Releases exercises, judges submissions and keeps the gradebook, through nbgrader."""
