"""The commands that talk to a running system."""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    """Make these commands known."""
