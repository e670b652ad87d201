"""Demos of the book: declared once, alive with a kernel and without one."""
