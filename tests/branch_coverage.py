"""How many branches of `worker/` and `api/` the tests go through, those in processes of their own included.

    python -m tests.branch_coverage [--least 90] [arguments of pytest]

Runs the tests under coverage (twice to three times as slow as without), writes `build/coverage/html/index.html` and
prints the branches of each room and of the files with the most that are left. Ends with status 1 when a test failed or
a room has fewer than `--least` percent.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "build" / "coverage"
ROOMS = ("worker", "api")
LISTED = 25


def measure(arguments: list[str]) -> int:
    """Run pytest under coverage; gives its status."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("data*"):
        old.unlink()
    env = os.environ | {"COVERAGE_FILE": str(FOLDER / "data"), "QT_QPA_PLATFORM": "offscreen", "LANG": "C.UTF-8"}
    options = ["--cov", "--cov-branch", "--cov-config=pyproject.toml", "--cov-report="]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *arguments], cwd=ROOT, env=env, check=False
    ).returncode


def report() -> dict[str, dict[str, int]]:
    """Branches by file: `all` and `taken`; writes the pages for people, too."""
    env = os.environ | {"COVERAGE_FILE": str(FOLDER / "data")}
    command = [sys.executable, "-m", "coverage"]
    for arguments in (["json", "-q", "-o", str(FOLDER / "branches.json")], ["html", "-q", "-d", str(FOLDER / "html")]):
        subprocess.run([*command, *arguments], cwd=ROOT, env=env, check=True)
    files = json.loads((FOLDER / "branches.json").read_text("utf-8"))["files"]
    return {
        name: {"all": file["summary"]["num_branches"], "taken": file["summary"]["covered_branches"]}
        for name, file in files.items()
    }


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--least", type=float, default=90.0)
    own, others = parser.parse_known_args()
    status = measure(others or ["-n", "2", "--dist", "loadgroup", "-q"])
    files = report()
    rooms: dict[str, Counter[str]] = {room: Counter() for room in ROOMS}
    for name, branches in files.items():
        rooms[Path(name).parts[0]].update(branches)
    left = sorted(files.items(), key=lambda item: item[1]["taken"] - item[1]["all"])
    print(f"\n{'branches left':>13}  file")
    for name, branches in left[:LISTED]:
        if branches["taken"] < branches["all"]:
            print(f"{branches['all'] - branches['taken']:6} of {branches['all']:4}  {name}")
    enough = True
    for room, branches in rooms.items():
        share = 100.0 * branches["taken"] / branches["all"] if branches["all"] else 100.0
        enough = enough and share >= own.least
        print(f"{room:8} {share:5.1f} % of {branches['all']} branches")
    return status or int(not enough)


if __name__ == "__main__":
    sys.exit(main())
