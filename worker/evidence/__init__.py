"""Evidence: what a set of files is, what is found in them, and whether they are still what they were."""
