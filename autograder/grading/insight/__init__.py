"""What an assignment tells about a class: its gradebook and graded notebooks, read, counted and drawn on one page."""
