"""How many rows a chunk takes, so that it holds the database's locks no longer than others can wait."""

from __future__ import annotations

# How long a chunk may hold the write lock (seconds), and the rows it starts with.
_HOLD = {"sqlite": 0.045, "postgresql": 0.6}
_FIRST_ROWS = {"sqlite": 2000, "postgresql": 5000}
_MOST_ROWS = {"sqlite": 10_000, "postgresql": 25_000}
_LEAST_ROWS = 500


class Pace:
    """Rows of the next chunk, learnt from how long the ones before held the lock.

    Args:
        dialect: sqlite or postgresql.
        most: rows of a chunk, at most.

    Attributes:
        rows: what the next chunk should take.
    """

    def __init__(self, dialect: str, most: int) -> None:
        self._hold = _HOLD[dialect]
        self._most = min(_MOST_ROWS[dialect], most)
        self.rows = min(_FIRST_ROWS[dialect], most)

    def learn(self, rows: int, work: float, commit: float = 0.0) -> None:
        """Aim at the allowed time; shrink at once, grow by half at most.

        Args:
            rows: of the chunk.
            work: seconds that its statements took, which grow with its rows.
            commit: seconds that its commit took, which hardly do: on a slow disk smaller chunks would only mean more
                of them. So half of the time is for the work, however long it takes.
        """
        fitting = rows * max(self._hold - commit, self._hold / 2) / max(work, 1e-4)
        self.rows = int(max(_LEAST_ROWS, min(fitting, self.rows * 1.5, self._most)))
