"""What an assignment tells about a class: its gradebook and graded notebooks, read, counted and drawn on one page."""

from autograder.grading.insight.command import insight

__all__ = ["insight"]
