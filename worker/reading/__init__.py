"""The reading side of an import: a file becomes checked columns in the form that its database takes.

No database and nothing that needs one: a big file is read in a process of its own beside the one that loads, and that
process is to be small and quick to start.
"""
