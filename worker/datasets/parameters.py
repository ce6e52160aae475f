"""The parameters of an import and an export, made for each dataset from its declaration.

Forms are drawn from their JSON Schema: beside what Pydantic says, each property bears `titles` and `descriptions`
(`zh_CN`, `en`), `enum_titles` for its values, `widget` where a plain input would not do, and `advanced: true` when most
people never need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from tabular.schema import Field as TableField
from worker.datasets.loader import Mode
from worker.engine.form import words as _words
from worker.engine.kinds import Params

if TYPE_CHECKING:
    from pydantic.config import JsonDict

    from worker.datasets.dataset import Dataset

Scalar = str | int | float | bool | None


_MODE = _words(
    "导入方式", "Mode", "文件中的编号在库中已存在时怎么办。", "What to do with keys that are in the table already.",
    enum={
        "upsert": ("新增或更新", "Add new ones, update existing ones"),
        "insert": ("仅新增（已存在的报错）", "Add only; existing ones are errors"),
        "skip": ("仅新增（已存在的跳过）", "Add only; existing ones are passed over"),
        "update": ("仅更新（不存在的报错）", "Update only; unknown ones are errors"),
    },
)  # fmt: skip
_MAPPING = _words(
    "列对应", "Mapping", "文件中的列名 → 字段。不填时自动识别。", "Column of the file → field. Empty: recognised automatically.",
    widget="mapping",
)  # fmt: skip
_CONSTANTS = _words(
    "固定值", "Constants", "文件中没有的字段统一取此值。", "One value for all rows, for fields that the file does not have.",
    widget="constants", advanced=True,
)  # fmt: skip
_VALUE_MAP = _words(
    "值替换", "Values", "把文件中的值换成规定的值，例如 VIP → A。", "Replace values of the file, e.g. VIP → A.",
    widget="value_map", advanced=True,
)  # fmt: skip
_SHEET = _words(
    "工作表", "Sheet", "只读取这一张工作表。不填时读取表头相同的全部工作表。",
    "Read this sheet only. Empty: all sheets with the same header.", widget="sheet", advanced=True,
)  # fmt: skip
_HEADER_ROW = _words(
    "表头行号", "Header row", "列名所在的行（从 1 开始）。不填时自动查找。",
    "Number of the row with the column names, from 1. Empty: found automatically.", advanced=True,
)  # fmt: skip
_ENCODING = _words(
    "文本编码", "Encoding", "仅用于文本文件，例如 gb18030。不填时自动识别。",
    "Of text files, e.g. gb18030. Empty: found automatically.", widget="encoding", advanced=True,
)  # fmt: skip
_DELIMITER = _words(
    "分隔符", "Delimiter", "仅用于文本文件，一个字符。不填时自动识别。",
    "Of text files, one character. Empty: found automatically.", widget="delimiter", advanced=True,
)  # fmt: skip
_DRY_RUN = _words(
    "仅试运行",
    "Dry run",
    "完整检查并显示将发生的变化，但不改动数据。",
    "Check everything and show what would change; change nothing.",
)
_MAX_ERRORS = _words(
    "出错多少行后停止", "Stop after errors", "达到此数目即停止；之前已导入的行保留。不填表示不限。",
    "Stop at this number of rejected rows; rows loaded before stay. Empty: no limit.", advanced=True,
)  # fmt: skip
_ALL_OR_NOTHING = _words(
    "全部成功才导入", "All or nothing", "先检查全部行，只要有一行不合格就一行也不导入。",
    "Check all rows first; if one is rejected, none is loaded.",
)  # fmt: skip


class ImportParams(Params):
    """Parameters that all imports share.

    Attributes:
        mode: what happens to keys that are (or are not) in the table.
        mapping: column of the file -> field; None: by the proposals that are sure.
        constants: field -> value for all rows.
        value_map: field -> {value in the file: value instead}.
        sheet, header_row, encoding, delimiter: overrule what would be found; None: find out.
        dry_run: check and classify every row against the real table, change nothing.
        max_errors: stop at this number of rejected rows; None: never.
        all_or_nothing: load nothing if any row is rejected.
    """

    mode: Mode = Field("upsert", json_schema_extra=_MODE)
    dry_run: bool = Field(False, json_schema_extra=_DRY_RUN)
    all_or_nothing: bool = Field(False, json_schema_extra=_ALL_OR_NOTHING)
    mapping: dict[str, str | None] | None = Field(None, json_schema_extra=_MAPPING)
    constants: dict[str, Scalar] = Field(default_factory=dict, json_schema_extra=_CONSTANTS)
    value_map: dict[str, dict[str, Scalar]] = Field(default_factory=dict, json_schema_extra=_VALUE_MAP)
    sheet: str | None = Field(None, min_length=1, max_length=255, json_schema_extra=_SHEET)
    header_row: int | None = Field(None, ge=1, le=1_048_576, json_schema_extra=_HEADER_ROW)
    encoding: str | None = Field(None, min_length=1, max_length=40, json_schema_extra=_ENCODING)
    delimiter: str | None = Field(None, min_length=1, max_length=1, json_schema_extra=_DELIMITER)
    max_errors: int | None = Field(None, ge=1, json_schema_extra=_MAX_ERRORS)


_FORMAT = _words(
    "格式",
    "Format",
    enum={"xlsx": ("Excel 工作簿 (.xlsx)", "Excel workbook (.xlsx)"), "csv": ("CSV 文本 (.csv)", "CSV text (.csv)")},
) | {"aliases": ["export_format"]}
_COLUMNS = _words("列", "Columns", "不选表示全部。", "Empty: all.", widget="columns")
_FILTERS = _words("筛选", "Filters", "只导出符合条件的行。", "Export only the rows that fit.", widget="filters")


class Filter(BaseModel):
    """Conditions on one field; all that are given must hold.

    Attributes:
        eq: equals.
        in_: is one of these; None among them means empty.
        contains: a text contains this, without regard to case.
        from_, to: lower and upper bound, both included.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    eq: Scalar = None
    in_: list[Scalar] | None = Field(None, alias="in", max_length=10_000)
    contains: str | None = Field(None, min_length=1, max_length=1000)
    from_: Scalar = Field(None, alias="from")
    to: Scalar = None

    @model_validator(mode="after")
    def _something(self) -> Filter:
        if all(value is None for value in (self.eq, self.in_, self.contains, self.from_, self.to)):
            raise PydanticCustomError("empty_filter", "a filter needs at least one of eq, in, contains, from, to")
        return self


class ExportChoices(Params):
    """What a dataset may offer beside the standard export: parameters of its own that choose rows and name the file."""

    def more_filters(self) -> dict[str, dict[str, Any]]:
        """Conditions that hold beside `filters`, in the same form."""
        return {}

    def stem(self) -> str | None:
        """What stands in the file's name between dataset and number; None: the time of submission."""
        return None


class ExportParams(ExportChoices):
    """Parameters that all exports share.

    Attributes:
        format: xlsx or csv; `export_format`, as a source document calls it, means the same.
        columns: names of the fields, in this order; None: all.
        filters: field -> condition; all must hold.
    """

    format: Literal["xlsx", "csv"] = Field(
        "xlsx", validation_alias=AliasChoices("format", "export_format"), json_schema_extra=_FORMAT
    )
    columns: list[str] | None = Field(None, min_length=1, json_schema_extra=_COLUMNS)
    filters: dict[str, Filter] = Field(default_factory=dict, json_schema_extra=_FILTERS)


def _choice(names: tuple[str, ...]) -> Any:
    return Literal[names]


def _with_fields(words: JsonDict, fields: tuple[TableField, ...]) -> JsonDict:
    return words | cast("JsonDict", {"enum_titles": {f.name: f.titles for f in fields}})


def import_params(dataset: Dataset) -> type[ImportParams]:
    """The parameters of `<dataset>.import`: as `ImportParams`, with the dataset's fields where fields are named."""
    fields = dataset.schema.fields
    name: Any = _choice(tuple(f.name for f in fields))
    return create_model(
        f"{dataset.name.title().replace('_', '')}ImportParams",
        __base__=ImportParams,
        mapping=(dict[str, name | None] | None, Field(None, json_schema_extra=_with_fields(_MAPPING, fields))),
        constants=(dict[name, Scalar], Field(default_factory=dict, json_schema_extra=_with_fields(_CONSTANTS, fields))),
        value_map=(
            dict[name, dict[str, Scalar]],
            Field(default_factory=dict, json_schema_extra=_with_fields(_VALUE_MAP, fields)),
        ),
    )


def _once(columns: list[str]) -> list[str]:
    if len(set(columns)) != len(columns):
        raise PydanticCustomError("column_twice", "a column is named twice")
    return columns


def any_export_params(datasets: Mapping[str, Dataset]) -> type[ExportParams]:
    """The parameters of an export of any of `datasets`, which the parameter `dataset` names."""
    fields = {f.name: f for dataset in datasets.values() for f in dataset.schema.fields}
    some: Any = _choice(tuple(datasets))
    name: Any = _choice(tuple(fields))
    titles = {d.name: (d.schema.titles["zh_CN"], d.schema.titles["en"]) for d in datasets.values()}
    columns: Any = Annotated[list[name], AfterValidator(_once)]
    listed = tuple(fields.values())

    def of_the_dataset(params: Any) -> Any:
        names = datasets[params.dataset].schema.by_name
        for given in (*(params.columns or ()), *params.filters):
            if given not in names:
                values = {"field": given, "fields": ", ".join(names)}
                raise PydanticCustomError("unknown_column", "the dataset has no field of that name", values)
        return params

    first: Any = create_model(
        "AnyDataset",
        __base__=ExportChoices,
        dataset=(some, Field(json_schema_extra=_words("数据集", "Dataset", enum=titles))),
    )
    bases: Any = (ExportParams, first)
    folded = cast("JsonDict", {"advanced": True})
    validators: Any = {"of_the_dataset": model_validator(mode="after")(of_the_dataset)}
    made: Any = create_model(
        "DataExportParams",
        __base__=bases,
        __validators__=validators,
        columns=(columns | None, Field(None, min_length=1, json_schema_extra=_with_fields(_COLUMNS, listed) | folded)),
        filters=(
            dict[name, Filter],
            Field(default_factory=dict, json_schema_extra=_with_fields(_FILTERS, listed) | folded),
        ),
    )
    return cast("type[ExportParams]", made)


def export_params(dataset: Dataset) -> type[ExportParams]:
    """The parameters of `<dataset>.export`: the dataset's own choices, then as `ExportParams`, with the dataset's fields
    where fields are named.
    """
    fields = dataset.schema.fields
    name: Any = _choice(tuple(f.name for f in fields))
    columns: Any = Annotated[list[name], AfterValidator(_once)]
    # Fields come in the reverse order of the bases: the dataset's own first.
    bases: Any = ExportParams if dataset.export_choices is None else (ExportParams, dataset.export_choices)
    made: Any = create_model(
        f"{dataset.name.title().replace('_', '')}ExportParams",
        __base__=bases,
        columns=(columns | None, Field(None, min_length=1, json_schema_extra=_with_fields(_COLUMNS, fields))),
        filters=(dict[name, Filter], Field(default_factory=dict, json_schema_extra=_with_fields(_FILTERS, fields))),
    )
    return cast("type[ExportParams]", made)
