"""Uploads, result files and the storage that holds their bytes."""
