"""Checking runs on a student's machine: it needs torch, numpy, safetensors and IPython, and nothing else."""
