"""`python -m tasktray`."""

from tasktray.cli import main

if __name__ == "__main__":  # spawned processes import this module again
    main()
