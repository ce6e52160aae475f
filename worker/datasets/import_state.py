"""What an import has done so far: kept in the job's checkpoint, and told in its result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from worker.errors import Refused

if TYPE_CHECKING:
    from worker.datasets.parameters import ImportParams

COUNTS = ("inserted", "updated", "unchanged", "skipped", "rejected")
Phase = Literal["check", "load", "take_back", "report", "clean"]


def _no_counts() -> dict[str, int]:
    return dict.fromkeys(COUNTS, 0)


@dataclass(slots=True)
class ImportState:
    """One import; its attributes are those of the checkpoint.

    Attributes:
        phase: `check` (all-or-nothing: all rows, before any is loaded), `load`, then `report` and `clean`; `take_back`
            where a late row of an all-or-nothing import no longer fits.
        position: rows of the file (in reading order) that are dealt with in this phase.
        counts: these rows by what became of them; they add up to `position`.
        reasons: rejected rows by the code of their first problem.
        found: what was found out about the file, for the result and for a later attempt.
        preview: the first changes that a dry run would have made.
        stopped: why there is no going on, a code.
        journal: the fields whose old values are noted.
    """

    phase: Phase
    position: int = 0
    counts: dict[str, int] = field(default_factory=_no_counts)
    reasons: dict[str, int] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)
    preview: list[dict[str, Any]] = field(default_factory=list)
    stopped: str | None = None
    journal: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, checkpoint: Mapping[str, Any] | None, params: ImportParams) -> ImportState:
        """As the last committed chunk left it."""
        if checkpoint:
            return cls(**checkpoint)
        return cls("check" if params.all_or_nothing and not params.dry_run else "load")

    def saved(self) -> dict[str, Any]:
        """The checkpoint."""
        return {name: getattr(self, name) for name in self.__slots__}

    def begin(self, phase: Phase, rejected: int = 0) -> None:
        """Go over the file again, or back."""
        self.phase = phase
        self.counts, self.reasons = _no_counts() | {"rejected": rejected}, {}
        if phase == "load":
            self.position = 0

    def add(self, end: int, counts: Mapping[str, int], codes: Iterable[str]) -> None:
        """Count a chunk.

        Args:
            end: position after its last row.
            counts: of its good rows.
            codes: of its rejected rows, one each.

        Raises:
            RuntimeError: the counts do not add up to the rows.
        """
        for name, rows in counts.items():
            self.counts[name] += rows
        for code in codes:
            self.counts["rejected"] += 1
            self.reasons[code] = self.reasons.get(code, 0) + 1
        self.position = end
        if sum(self.counts.values()) != self.position:
            raise RuntimeError(f"counts {self.counts} do not add up to {self.position} rows")

    def result(self, params: ImportParams, kept: int) -> dict[str, Any]:
        """What the job gives, see `summary`.

        Args:
            kept: rows that could not be taken back.

        Raises:
            Refused: `changed_meanwhile`, `too_many_errors`, `nothing_imported`.
        """
        rejected = self.counts["rejected"]
        if self.stopped == "changed_meanwhile":
            raise Refused(self.stopped, rejected=rejected, kept=kept)
        if self.stopped:
            values: dict[str, Any] = {"rows": self.position, **self.counts}
            raise Refused(self.stopped, limit=params.max_errors, reasons=self.reasons, **values)
        if params.all_or_nothing and not params.dry_run and rejected:
            raise Refused("nothing_imported", reasons=self.reasons, rows=self.position, rejected=rejected)
        return self.summary(params)

    def summary(self, params: ImportParams) -> dict[str, Any]:
        """`rows`, the five counts that add up to it, `reasons` {code: rows}, what was found out about the file, and for
        a dry run the first `changes`.
        """
        found = {k: v for k, v in self.found.items() if k not in ("columns", "headers", "options")}
        how = {"mode": params.mode, "dry_run": params.dry_run, "reasons": self.reasons}
        result = {"rows": self.position, **self.counts, **how, **found}
        if params.dry_run:
            result["changes"] = self.preview
        return result
