"""The commands that both READMEs show do what they say, as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support_system import ADMIN, PASSWORD

ROOT = Path(__file__).parents[2]
MARK = "<!-- run by tests/system/test_readme.py -->\n```sh\n"


def rest_example(readme: str) -> str:
    text = (ROOT / readme).read_text("utf-8")
    return text[text.index(MARK) + len(MARK) :].split("\n```", 1)[0]


def test_both_readmes_show_the_same_calls():
    def commands(text: str) -> str:
        return re.sub(r"(?m)^#.*\n", "", text)

    assert commands(rest_example("README.md")) == commands(rest_example("README.zh-CN.md"))


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_rest_example_signs_in_uploads_imports_and_downloads(tmp_path, running):
    folder = tmp_path / "checkout"
    (folder / "tests").mkdir(parents=True)
    shutil.copytree(ROOT / "tests" / "data", folder / "tests" / "data")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", rest_example("README.md")],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "TASKTRAY": running.url, "USERNAME": ADMIN, "PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "'inserted': 91" in done.stdout
    import openpyxl

    book = openpyxl.load_workbook(folder / "customers.xlsx", read_only=True)
    assert sum(1 for _ in book.worksheets[0].iter_rows()) == 92
    book.close()


def test_every_link_and_picture_of_the_readmes_is_there():
    for readme in ("README.md", "README.zh-CN.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / readme).read_text("utf-8")):
            assert (ROOT / target).exists(), f"{readme}: {target}"
