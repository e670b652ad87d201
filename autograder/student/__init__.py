"""What a student does with notebooks outside of them: get one, keep it up to date, see the progress, hand it in.

It needs nothing but Python: no nbformat, no nbgrader, no torch.
"""
