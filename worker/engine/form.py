"""What a form needs to know of a kind's parameter beside its type: words in both languages, and how it is edited; and a
rule that several kinds have.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from pydantic.config import JsonDict


def words(
    zh: str,
    en: str,
    zh_help: str = "",
    en_help: str = "",
    *,
    enum: dict[str, tuple[str, str]] | None = None,
    widget: str | None = None,
    advanced: bool = False,
    pick: tuple[str, str | None] | None = None,
) -> JsonDict:
    """The `json_schema_extra` of a parameter.

    Args:
        zh, en: its title.
        zh_help, en_help: a sentence below its field.
        enum: value -> its words, `(zh_CN, en)`.
        widget: a special editor, where a plain input would not do.
        advanced: most people never need it; it is folded away.
        pick: of a list: a dataset, and its field that says who or what each value of its key's first field is; the
            values can be chosen from those that there are.
    """
    extra: dict[str, Any] = {"titles": {"zh_CN": zh, "en": en}}
    if en_help:
        extra["descriptions"] = {"zh_CN": zh_help, "en": en_help}
    if enum:
        extra["enum_titles"] = {value: {"zh_CN": titles[0], "en": titles[1]} for value, titles in enum.items()}
    if widget:
        extra["widget"] = widget
    if advanced:
        extra["advanced"] = True
    if pick:
        extra["pick"] = {"dataset": pick[0], "label": pick[1]}
    return cast("JsonDict", extra)


def not_before_start(end_date: dt.date | None, info: ValidationInfo) -> dt.date | None:
    """A validator for the field `end_date` of parameters that have a `start_date` before it.

    Raises:
        PydanticCustomError: `dates_reversed`.
    """
    start_date = info.data.get("start_date")
    if start_date and end_date and start_date > end_date:
        raise PydanticCustomError("dates_reversed", "the last day is before the first")
    return end_date
