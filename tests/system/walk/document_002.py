"""002: example, add, a document, evidence, status."""

from __future__ import annotations

from tests.support_system import ROOT
from tests.system.walk.steps import Walk

DOCUMENTS = ROOT / "tests" / "data" / "documents"


def walk(w: Walk) -> None:
    """Its calls, and the task types that it lists."""

    def ended(task: dict[str, str]) -> dict[str, object]:
        told = w.until(f"/api/v1/tasks/status/{task['task_id']}", ("SUCCESS", "FAILURE"))
        assert (told["status"], told["progress"], told["error"]) == ("SUCCESS", 100, None), told
        return dict(told["result"])

    with w.step("the example task shows its progress and ends"):
        task = w.call("POST", "/api/v1/tasks/example?name=test&seconds=2", status=202)
        w.until(f"/api/v1/tasks/status/{task['task_id']}", ("STARTED", "PROGRESS", "SUCCESS"))
        assert ended(task) == {"seconds": 2, "name": "test"}
    with w.step("the sum of two numbers comes back, by address and by JSON"):
        assert ended(w.call("POST", "/api/v1/tasks/add?x=1&y=2", status=202)) == {"sum": 3}
        assert ended(w.call("POST", "/api/v1/tasks/add", status=202, json={"x": 1.5, "y": 2})) == {"sum": 3.5}
    for name in ("pdfminer.six/simple1.pdf", "python-docx/blk-paras-and-tables.docx", "mailparser/simple.eml"):
        with w.step(f"a real document is read: {name}"):
            file = DOCUMENTS / name
            form = {"files": {"file": (file.name, file.read_bytes())}}
            result = ended(w.call("POST", "/api/v1/tasks/process-document", status=202, **form))
            assert (result["files"], result["read"]) == (1, 1), result
            assert int(str(result["characters"])) > 0
    with w.step("evidence is analyzed: hashes, a duplicate, an ending that lies"):
        files = [
            ("a.txt", "合同 2024-03-01 ¥100".encode()),
            ("b.txt", "合同 2024-03-01 ¥100".encode()),
            ("c.jpg", b"%PDF-"),
        ]
        form = {"files": [("files", file) for file in files]}
        result = ended(w.call("POST", "/api/v1/tasks/analyze-evidence", status=202, **form))
        assert (result["files"], result["altered"], result["wrong_endings"]) == (3, 0, 1), result
    with w.step("a schedule makes tasks by itself"):
        found = w.call("GET", "/api/v1/schedules", w.admin)["schedules"]
        assert any(one["enabled"] and one["next_at"] for one in found)
