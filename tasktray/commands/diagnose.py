"""`tasktray diagnose`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from tasktray import exits
from tasktray.commands.options import Data, Json, print_json
from tasktray.commands.server import settings_for
from tasktray.texts import t


def diagnose(data: Data = None, as_json: Json = False) -> None:
    """Check this installation."""
    settings = settings_for(data)
    from tasktray.checks import run

    findings = []
    for finding in run(settings):
        findings.append(finding)
        if not as_json:
            mark = typer.style(t("diagnose_ok"), fg="green") if finding.ok else typer.style(t("diagnose_bad"), fg="red")
            typer.echo(f"{mark}  {t('check_' + finding.check)}: {finding.detail}")
            if finding.advice:
                typer.echo(f"      → {finding.advice}")
    bad = sum(not finding.ok for finding in findings)
    if as_json:
        print_json({"ok": not bad, "checks": [asdict(finding) for finding in findings]})
    else:
        typer.echo(t("diagnose_sum_bad", count=bad) if bad else t("diagnose_sum_ok"))
    raise typer.Exit(exits.FAILED if bad else exits.OK)


def add_to(app: typer.Typer) -> None:
    """Make this command known."""
    app.command("diagnose", help=t("help_diagnose"))(diagnose)
