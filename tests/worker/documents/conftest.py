"""One warm helper for all tests of this room; the real files are read once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.worker.documents.reading import DATA, Found, Reading


@pytest.fixture(scope="session")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    reading = Reading(tmp_path_factory.mktemp("reading"))
    with reading.helper:
        yield reading


@pytest.fixture(scope="session")
def real(reading: Reading) -> dict[str, Found]:
    """All files of `tests/data/documents`, by `folder/name`."""
    files = sorted(path for path in DATA.glob("*/*") if path.is_file())
    return {path.relative_to(DATA).as_posix(): reading.read(path) for path in files}
