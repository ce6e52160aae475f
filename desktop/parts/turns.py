"""Work of the GUI thread cut in parts, one in each turn of the event loop, so that no turn takes long."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject

from desktop.parts.later import later


class Turns(QObject):
    """Does steps in their order; the owner's end is theirs, too."""

    def __init__(self, owner: QObject) -> None:
        super().__init__(owner)
        self._left: list[Callable[[], object]] = []
        self._stepping = False
        self._timer = later(self, 0, self._next)

    @property
    def under_way(self) -> bool:
        """There are steps left."""
        return bool(self._left)

    def begin(self, steps: Iterable[Callable[[], object]]) -> None:
        """Do these from the next turn on; what was left of others is not done any more."""
        self._left = list(steps)
        self._timer.start()

    def then(self, step: Callable[[], object]) -> None:
        """Do this after what is left."""
        self._left.append(step)
        self._timer.start()

    def finish(self) -> None:
        """Do all that is left now; asked for by a step, they go on turn by turn."""
        while self._left and not self._stepping:
            self._step()

    def stop(self) -> None:
        """Do no more."""
        self._left = []
        self._timer.stop()

    def _next(self) -> None:
        if self._left and not self._stepping:
            self._timer.start()  # first, so that the others are done even when this one fails
            self._step()

    def _step(self) -> None:
        self._stepping = True
        try:
            self._left.pop(0)()
        finally:
            self._stepping = False
