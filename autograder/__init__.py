"""Checks, grades and authors the exercises of the course."""
