"""A new dataset and a new kind, one file each: a real system has them in API, form, command line and documentation."""

from __future__ import annotations

import json
from pathlib import Path

import requests

from tests.support_system import embedded_system

DATASET = """
from tabular.schema import Field, TableSchema
from worker.datasets.dataset import Dataset

SUPPLIERS = Dataset(
    TableSchema(
        name="suppliers",
        titles={"zh_CN": "供应商", "en": "Suppliers"},
        key=("supplier_no",),
        fields=(
            Field("supplier_no", "text", {"zh_CN": "供应商编号", "en": "Supplier no."}, required=True, max_length=64),
            Field("since", "date", {"zh_CN": "合作日期", "en": "Since"}),
        ),
    )
)
"""
KIND = '''
from pydantic import Field

from worker.engine.kinds import Params, kind


class GreetParams(Params):
    """Whom to greet."""

    name: str = Field(json_schema_extra={"titles": {"zh_CN": "姓名", "en": "Name"}})
    times: int = Field(2, ge=1, le=5, json_schema_extra={"titles": {"zh_CN": "次数", "en": "Times"}})


@kind("greetings.greet", {"zh_CN": "问候", "en": "Greet"}, GreetParams, lane="document")
def greet(job, params):
    """Greet."""
    return {"greeting": " ".join([f"Hello {params.name}"] * params.times)}
'''
# The two folders as they would be with one file more in each; the checkout itself is not touched.
LONGER_PATHS = """
import pathlib, sys

class _Longer:
    def find_spec(self, name, path=None, target=None):
        if name in ("worker.datasets", "worker.tasks"):
            sys.meta_path.remove(self)
            import importlib.util
            try:
                spec = importlib.util.find_spec(name)
            finally:
                sys.meta_path.insert(0, self)
            spec.submodule_search_locations.append(str(pathlib.Path(__file__).parent / name.rpartition(".")[2]))
            return spec

sys.meta_path.insert(0, _Longer())
"""


def test_one_file_each_is_found_everywhere(tmp_path: Path) -> None:
    more = tmp_path / "more"
    for folder, name, content in (("datasets", "suppliers.py", DATASET), ("tasks", "greetings.py", KIND)):
        (more / folder).mkdir(parents=True)
        (more / folder / name).write_text(content, "utf-8")
    (more / "sitecustomize.py").write_text(LONGER_PATHS, "utf-8")
    with embedded_system(tmp_path, modules=more) as system:
        call = requests.Session()
        call.trust_env = False
        call.headers.update({"Authorization": f"Bearer {system.token}", "Accept-Language": "zh-CN"})

        # API
        kinds = {k["kind"]: k for k in call.get(f"{system.url}/api/v1/kinds").json()["kinds"]}
        assert {"suppliers.import", "suppliers.export", "greetings.greet"} <= set(kinds)
        assert kinds["suppliers.import"]["title"] == "导入供应商"
        assert kinds["greetings.greet"]["lane"] == "document"
        fields = call.get(f"{system.url}/api/v1/datasets/suppliers").json()["fields"]
        assert [f["name"] for f in fields] == ["supplier_no", "since"]
        assert call.get(f"{system.url}/api/v1/datasets/suppliers/template").content.startswith(b"PK")

        # the form, as the desktop reads it
        from desktop.submit.fields import read_fields

        form = {f.name: f for f in read_fields(kinds["greetings.greet"]["params_schema"])}
        assert (form["name"].sort, form["name"].required, form["times"].maximum) == ("text", True, 5)
        form = {f.name: f for f in read_fields(kinds["suppliers.export"]["params_schema"])}
        assert [value for value, _ in form["columns"].options] == ["supplier_no", "since"]
        form = {f.name: f for f in read_fields(kinds["data.export"]["params_schema"])}
        assert "suppliers" in [value for value, _ in form["dataset"].options]

        # documentation
        document = call.get(f"{system.url}/openapi.json").json()
        submit = document["paths"]["/api/v1/jobs"]["post"]
        assert "`greetings.greet`: Greet / 问候. `name`, `times`." in submit["description"]
        assert {"greetings.greet", "suppliers.import"} <= set(
            submit["requestBody"]["content"]["application/json"]["examples"]
        )
        assert document["components"]["schemas"]["params.greetings.greet"]["required"] == ["name"]

        # command line, and the work itself
        file = tmp_path / "suppliers.csv"
        file.write_text("供应商编号,合作日期\n007,2024-05-06\n", "utf-8")
        done = system.run("import", str(file), "--dataset", "suppliers", "--json")
        assert json.loads(done.stdout)["result"]["inserted"] == 1, done.stdout + done.stderr
        rows = call.get(f"{system.url}/api/v1/datasets/suppliers/rows").json()["rows"]
        assert [(row["supplier_no"], row["since"]) for row in rows] == [("007", "2024-05-06")]
        done = system.run("send-task", "greetings.greet", "--kwargs", '{"name": "Li"}', "--json")
        assert json.loads(done.stdout)["result"] == {"greeting": "Hello Li Hello Li"}, done.stdout + done.stderr
