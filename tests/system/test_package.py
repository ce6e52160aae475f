"""The Debian package: built, installed, used without anything of the checkout, removed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import wait_until

ROOT = Path(__file__).parents[2]
PROGRAM = "/usr/bin/tasktray"

pytestmark = [
    pytest.mark.skipif(
        not shutil.which("dpkg-deb") or not hasattr(os, "geteuid") or os.geteuid() != 0,
        reason="installing a Debian package needs dpkg and root",
    ),
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("package"),  # one build for all of them
]


@pytest.fixture(scope="module")
def package() -> Path:
    for old in (ROOT / "dist").glob("tasktray_*.deb"):
        old.unlink()
    quickly = os.environ | {"DEB_LEVEL": "3"}
    done = subprocess.run(
        [ROOT / "installer/linux/build-deb"], env=quickly, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (deb,) = (ROOT / "dist").glob("tasktray_*.deb")
    return deb


@pytest.fixture(scope="module")
def installed(package: Path):
    done = subprocess.run(["dpkg", "--install", package], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    yield
    subprocess.run(["dpkg", "--purge", "tasktray"], check=True, capture_output=True)
    left = [
        path for path in ("/opt/tasktray", PROGRAM, "/usr/share/applications/tasktray.desktop") if Path(path).exists()
    ]
    assert not left, "left behind by the removal"


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """An environment in which the checkout and its virtual environment do not exist."""
    home = tmp_path / "home"
    home.mkdir()
    return {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "QT_QPA_PLATFORM": "offscreen",
        "TASKTRAY_DATA": str(tmp_path / "data"),
    }


def _check_what_it_names(package: Path) -> None:
    fields = subprocess.run(["dpkg-deb", "--field", package], capture_output=True, text=True, check=True).stdout
    assert "Package: tasktray" in fields
    assert "libegl1" in fields
    contents = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    for path in ("./usr/bin/tasktray", "./usr/share/applications/tasktray.desktop", "scalable/apps/tasktray.svg"):
        assert path in contents


def _check_that_it_reads_documents(bare: dict[str, str], folder: Path) -> None:
    # Their libraries bring data and shared objects of their own, which a bundle easily lacks.
    files = [
        ROOT / "tests/data/documents" / name
        for name in ("pdfplumber/pdf_structure.pdf", "python-docx/tbl-2x2-table.docx", "python-pptx/txt-text.pptx",
                     "python-docx/jfif-iguana.jpg")
    ]  # fmt: skip
    options = [option for file in files for option in ("--file", file)]
    done = subprocess.run(
        [PROGRAM, "send-task", "documents.process", *options, "--json"],
        env=bare, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)["result"]
    assert (result["files"], result["read"]) == (len(files), len(files)), result


@pytest.mark.usefixtures("installed")
def test_the_installed_program_runs_the_whole_system(package, bare, tmp_path):
    _check_what_it_names(package)
    data = Path(bare["TASKTRAY_DATA"])
    up = subprocess.Popen(
        [PROGRAM, "up", "--port", "0", "--no-desktop"], env=bare, cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: (data / "connection.json").exists() or up.poll() is not None, 90, "the embedded system")
        assert up.poll() is None
        northwind = tmp_path / "客户.csv"
        shutil.copy(ROOT / "tests/data/northwind-customers.csv", northwind)
        done = subprocess.run(
            [PROGRAM, "import", northwind, "--dataset", "customers", "--mode", "upsert", "--json"],
            env=bare, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert '"inserted": 91' in done.stdout
        _check_that_it_reads_documents(bare, tmp_path)
        window = subprocess.Popen(
            [PROGRAM, "desktop"], env=bare, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        # The window is alive once it has asked the API for its jobs.
        log = data / "logs" / "api.log"
        wait_until(
            lambda: "/api/v1/kinds" in log.read_text() or window.poll() is not None, 60, "the window's first call"
        )
        assert window.poll() is None, window.stderr.read()
        window.terminate()
        window.communicate(timeout=20)
    finally:
        up.terminate()
        up.wait(20)
    assert not (data / "connection.json").exists()
