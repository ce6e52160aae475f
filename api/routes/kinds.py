"""What this user may submit."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.dependencies import ActorDep
from api.routing import v1_router
from worker.engine import kinds

router = v1_router("/kinds", "kinds")


class UploadNeedsView(BaseModel):
    """How many files, and the accepted endings (lower case, with the dot; none: any)."""

    minimum: int
    maximum: int
    suffixes: list[str]


class KindView(BaseModel):
    """A kind of job.

    Attributes:
        title: in the asker's language; `titles` has all.
        order: place in menus, lower first.
        technical: it tries out the system; a menu offers it to admins only.
        params_schema: JSON Schema of the parameters; each property bears `titles` by language, for forms.
        result_titles: what the values of a result are called, by name and language.
    """

    kind: str
    title: str
    titles: dict[str, str]
    lane: str
    dataset: str | None
    order: int
    admin_only: bool
    technical: bool
    uploads: UploadNeedsView
    params_schema: dict[str, Any]
    result_titles: dict[str, dict[str, str]]


class KindList(BaseModel):
    """Kinds in the order of menus."""

    kinds: list[KindView]


def _schema(kind: kinds.Kind, language: str) -> dict[str, Any]:
    schema = kind.params.model_json_schema()
    for prop in schema.get("properties", {}).values():
        titles = prop["titles"] = {"en": prop.get("title", "")} | (prop.get("titles") or {})
        prop["title"] = titles.get(language) or titles["en"]
        if "descriptions" in prop:
            prop.setdefault("description", prop["descriptions"].get(language) or prop["descriptions"].get("en", ""))
    return schema


@router.get("")
def list_kinds(actor: ActorDep) -> KindList:
    """The kinds that I may submit, in the order of menus."""
    found = []
    for kind in kinds.load().values():
        if kind.hidden or (kind.admin_only and not actor.is_admin):
            continue
        needs = kind.uploads
        found.append(
            KindView(
                kind=kind.name,
                title=kind.titles.get(actor.language) or kind.titles.get("en") or kind.name,
                titles=kind.titles,
                lane=kind.lane,
                dataset=kind.dataset,
                order=kind.order,
                admin_only=kind.admin_only,
                technical=kind.technical,
                uploads=UploadNeedsView(minimum=needs.minimum, maximum=needs.maximum, suffixes=list(needs.suffixes)),
                params_schema=_schema(kind, actor.language),
                result_titles={name: {"zh_CN": zh, "en": en} for name, (zh, en) in kind.result_titles.items()},
            )
        )
    return KindList(kinds=found)
