"""How settings are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.settings import Settings


def test_an_empty_variable_is_one_that_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`TASKTRAY_DATA=` must not mean the folder that happens to be the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("TASKTRAY_DATA", "TASKTRAY_PORT", "TASKTRAY_EXTRA_KINDS", "DATABASE_URL"):
        monkeypatch.setenv(name, "")
    (tmp_path / ".env").write_text("TASKTRAY_SLOTS=\nTASKTRAY_TIMEZONE=Europe/Berlin\n")
    settings = Settings()
    assert settings.data == Settings.model_fields["data"].get_default(call_default_factory=True)
    assert (settings.port, settings.slots, settings.database_url) == (8000, 2, "")
    assert settings.timezone == "Europe/Berlin"
