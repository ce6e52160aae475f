"""What the people of an office day asked for, and what must therefore be true in the evening."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Ledger:
    """Written by several threads at once.

    Attributes:
        jobs: id -> (owner, kind, the state that it must have in the end).
        tables: dataset -> key -> the values that the row must have.
        mails: address -> mails that it must get; `doubtful` ones may have got one less.
        messages: user -> messages that they must have.
        problems: what was not as it had to be, in words.
        deeds: what was done, and how often.
    """

    began: float = field(default_factory=time.monotonic)
    jobs: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    tables: dict[str, dict[tuple[str, ...], dict[str, str]]] = field(
        default_factory=lambda: {"customers": {}, "bills": {}, "work_logs": {}}
    )
    mails: Counter[str] = field(default_factory=Counter)
    doubtful: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    deeds: Counter[str] = field(default_factory=Counter)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def say(self, who: str, words: str) -> None:
        """A line of the day's story."""
        with self.lock:
            print(f"{time.monotonic() - self.began:7.1f} s  {who:<9} {words}", flush=True)

    def check(self, right: object, words: str) -> bool:
        """Note `words` as a problem unless `right`."""
        if not right:
            with self.lock:
                self.problems.append(words)
                self.say("PROBLEM", words)
        return bool(right)

    def same(self, found: object, wanted: object, what: str) -> bool:
        """Note a problem unless both are the same."""
        return self.check(found == wanted, f"{what}: {found!r} instead of {wanted!r}")

    def job(self, job_id: str, owner: str, kind: str, state: str) -> None:
        """A job that was submitted, and how it must end."""
        with self.lock:
            self.jobs[job_id] = (owner, kind, state)

    def rows(self, dataset: str, rows: dict[tuple[str, ...], dict[str, str]]) -> None:
        """Rows that the table must now hold as they are here."""
        with self.lock:
            self.tables[dataset] |= rows


def repeat(
    who: str, ledger: Ledger, deeds: list[Callable[[], None]], end: float, stop: threading.Event, pause: Any
) -> None:
    """Do the deeds in turn until `end` (monotonic), each at least once; what goes wrong is noted and ends nothing.

    Args:
        pause: gives the seconds to wait between two of them.
    """
    number = 0
    while not stop.is_set() and (number < len(deeds) or time.monotonic() < end):
        deed = deeds[number % len(deeds)]
        number += 1
        try:
            deed()
        except BaseException as error:  # also pytest's Failed, which is no Exception
            ledger.check(False, f"{who}, {deed.__name__}: {type(error).__name__}: {error}")
            if isinstance(error, KeyboardInterrupt):
                raise
        with ledger.lock:
            ledger.deeds[deed.__name__] += 1
        stop.wait(pause())
