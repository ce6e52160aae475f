"""Kinds of jobs: one file of `worker/tasks/` declares one, and everything else follows from the declaration."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict

from worker.settings import Settings, get_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from worker.actor import Actor
    from worker.engine.context import JobContext


class Params(BaseModel):
    """Base of every kind's parameters: unknown names are refused, so that no typing error is passed over."""

    model_config = ConfigDict(extra="forbid")


class NoParams(Params):
    """For kinds that take none."""


@dataclass(frozen=True, slots=True)
class UploadNeeds:
    """Which files a kind works on.

    Attributes:
        minimum, maximum: how many; a maximum of 0 means that the kind takes none.
        suffixes: accepted file name endings in lower case, with the dot; empty: any.
    """

    minimum: int = 0
    maximum: int = 0
    suffixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job.

    Attributes:
        name: `area.verb`, stable.
        titles: what a person reads, `zh_CN` and `en`.
        params: its parameters; their JSON Schema draws the desktop's form and the API's documentation.
        run: the work itself; runs in a runner process and returns the job's `result`, a JSON object.
        result_titles: what the values of `result` are called, `(zh_CN, en)` by name; all of them, if any.
        lane: the Celery queue that it belongs to.
        uploads: which files it needs.
        admin_only: only admins may submit it.
        dataset: name of the dataset that it imports or exports, if it does.
        order: places it in menus; lower first.
        soft_limit_seconds, hard_limit_seconds: None takes the settings' defaults.
        max_retries: how often a transient error is tried again.
        running_limit: how many jobs of this kind may run at the same time; 0: no limit.
        hidden: not offered in menus, since it is begun from another place than "New job".
        technical: it tries out the system; menus offer it to admins only, anyone may submit it through the API.
        accept: called in the transaction that submits a job, when its row is written, with the connection, the
            settings, the actor, the job's id and its parameters. May refuse; gives the ids of other jobs that it
            changed, which take their change numbers with the new one.
        so_far: what parameters and a checkpoint mean as the result of a cancelled job, and its rows, each or None;
            asked where the job cannot say it itself any more. None: nothing is said then.
        left_changes: whether an ended job (its row) has left changes that can be taken back; None: this kind never.
    """

    name: str
    titles: dict[str, str]
    params: type[Params]
    run: Callable[[JobContext, Any], dict[str, Any]]
    lane: str = "default"
    uploads: UploadNeeds = UploadNeeds()
    admin_only: bool = False
    dataset: str | None = None
    order: int = 100
    soft_limit_seconds: float | None = None
    hard_limit_seconds: float | None = None
    max_retries: int = 5
    running_limit: int = 0
    hidden: bool = False
    technical: bool = False
    accept: Callable[[Connection, Settings, Actor, str, Any], Sequence[str]] | None = None
    left_changes: Callable[[Any], bool] | None = None
    so_far: Callable[[Any, dict[str, Any]], tuple[dict[str, Any] | None, int | None]] | None = None
    result_titles: dict[str, tuple[str, str]] = field(default_factory=dict)


_registry: dict[str, Kind] = {}
_loaded = False
R = TypeVar("R", bound=Callable[..., dict[str, Any]])


def register(kind: Kind) -> Kind:
    """Make a kind known.

    Raises:
        ValueError: another kind has its name.
    """
    if kind.name in _registry:
        raise ValueError(f"two kinds are named {kind.name}")
    _registry[kind.name] = kind
    return kind


def kind(name: str, titles: dict[str, str], params: type[Params] = NoParams, **options: Any) -> Callable[[R], R]:
    """Decorator that registers a function `(job: JobContext, params) -> dict` as a kind; `options` as in `Kind`."""

    def decorate(run: R) -> R:
        register(Kind(name=name, titles=titles, params=params, run=run, **options))
        return run

    return decorate


def load(extra: Sequence[str] | None = None) -> dict[str, Kind]:
    """All kinds by name; each module of `worker/tasks/` is imported once. They import heavy libraries lazily.

    Args:
        extra: modules outside of `worker/tasks/` that declare kinds too; None takes those of the settings.
    """
    global _loaded
    if not _loaded:
        package = importlib.import_module("worker.tasks")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
        _loaded = True
    for name in get_settings().extra_kinds if extra is None else extra:
        importlib.import_module(name)
    return dict(sorted(_registry.items(), key=lambda item: (item[1].order, item[0])))


def get(name: str) -> Kind | None:
    """The kind of that name, or None."""
    return load().get(name)


def title(name: str, language: str) -> str:
    """What a person reads for a kind; its name when this installation does not know it (any more)."""
    known = (_registry if _loaded else load()).get(name)
    if known is None:
        return name
    return known.titles.get(language) or known.titles.get("en") or name
