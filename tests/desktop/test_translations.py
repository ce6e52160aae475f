"""Every word of the window stands in both languages, and the compiled files are those of the sources."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "desktop" / "i18n"
FILES = sorted(FOLDER.glob("*.ts"))
compile_ = module_from_spec(spec_from_loader("compile", SourceFileLoader("compile", str(FOLDER / "compile"))))
compile_.__loader__.exec_module(compile_)


def messages(path: Path):
    for context in ElementTree.parse(path).getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            forms = [form.text or "" for form in translation.iter("numerusform")] or [translation.text or ""]
            yield context.find("name").text, message.find("source").text, translation.get("type"), forms


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_nothing_is_left_untranslated(path):
    found = list(messages(path))
    assert found
    assert [(c, s) for c, s, state, forms in found if state or not all(forms)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_placeholders_are_the_same_in_the_translation(path):
    def placeholders(text: str) -> set[str]:
        return set(re.findall(r"\{\w+\}|%L?n|\*\.\w+", text))

    wrong = [(s, f) for _, s, _, forms in messages(path) for f in forms if placeholders(s) != placeholders(f)]
    assert wrong == []


def test_the_translations_have_every_word_of_the_source(tmp_path, monkeypatch):
    for path in FILES:
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(compile_, "HERE", tmp_path)
    compile_.update()
    for path in FILES:
        assert {m[:2] for m in messages(tmp_path / path.name)} == {m[:2] for m in messages(path)}


def test_the_compiled_files_are_up_to_date(tmp_path):
    compile_.release(tmp_path)
    for path in FILES:
        assert (tmp_path / f"{path.stem}.qm").read_bytes() == (FOLDER / f"{path.stem}.qm").read_bytes()


def test_plural_forms_and_digits_follow_the_language():
    # In a process of its own: the translators belong to the application.
    code = (
        "from PySide6.QtCore import QCoreApplication\n"
        "from desktop import language\n"
        "from desktop.plurals import plurals\n"
        "app = QCoreApplication([])\n"
        "for name in ('en', 'zh_CN'):\n"
        "    language.choose(name)\n"
        "    print('|'.join([plurals.rows(1), plurals.rows(2), plurals.rows_done(99500), "
        "QCoreApplication.translate('QPlatformTheme', 'Cancel')]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=FOLDER.parents[1], check=True
    )
    assert done.stdout.splitlines() == ["1 row|2 rows|99,500 rows done|Cancel", "1 行|2 行|完成 99,500 行|取消"]
