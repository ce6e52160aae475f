"""Datasets: one file each. What import, export, template and checking need follows from the declaration."""

from worker.datasets.dataset import Dataset, load, tables

__all__ = ["Dataset", "load", "tables"]
