"""Keeping house: removing what is old, step by step and beside everything else."""
