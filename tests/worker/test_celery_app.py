"""What Celery's own commands and the documents' names of the environment come to."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from celery.concurrency import get_implementation

from worker import celery_app
from worker.engine.broker import celery_settings
from worker.engine.routing import LANES, QUEUES, lanes_of, queues_of, unknown_queues
from worker.errors import NotFound
from worker.settings import Settings, note_unused

ENV = ("DATABASE_URL", "SECRET_KEY", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND")


def _options(monkeypatch: pytest.MonkeyPatch, pool: str, *, queues: tuple[str, ...] = QUEUES, slots: int = 2) -> Any:
    """What Celery's command hands on, as it stands before anything is started."""
    monkeypatch.setattr("sys.argv", ["celery", "-A", "worker.celery_app", "worker", f"--pool={pool}"])
    if pool in ("gevent", "eventlet"):  # would change the tests' process; the class is told by its module
        pool_class = type("TaskPool", (), {"__module__": f"celery.concurrency.{pool}"})
    else:  # Celery takes the app's pool where its command was asked for prefork
        pool_class = get_implementation("threads" if pool == "prefork" else pool)
    chosen = SimpleNamespace(queues=SimpleNamespace(consume_from=dict.fromkeys(queues)))
    sender = SimpleNamespace(app=SimpleNamespace(amqp=chosen), pool_cls=pool_class, concurrency=slots)
    celery_app._check_options(sender)
    return sender


@pytest.mark.parametrize(("pool", "slots"), [("prefork", 2), ("solo", 1)])
def test_a_pool_that_is_not_for_this_system_is_said_in_one_line(monkeypatch, caplog, pool, slots):
    sender = _options(monkeypatch, pool)
    assert (sender.pool_cls, sender.concurrency) == ("threads", slots)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert f"the {pool} pool is not for this system" in caplog.messages[0]


@pytest.mark.parametrize("pool", ["gevent", "eventlet"])
def test_a_pool_that_would_change_the_process_ends_the_worker_in_one_line(monkeypatch, caplog, pool):
    with pytest.raises(SystemExit) as ended:
        _options(monkeypatch, pool)
    assert ended.value.code == 2
    assert len(caplog.messages) == 1
    assert "use --pool threads" in caplog.messages[0]


def test_gevent_by_celerys_own_command_is_refused_in_one_line(tmp_path):
    """As 001 writes it. Celery imports the package before it has read anything of ours, so it has to be there."""
    command = [sys.executable, "-m", "celery", "-A", "worker.celery_app", "worker", "--pool=gevent"]
    env = os.environ | {"TASKTRAY_DATA": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    ended = subprocess.run([*command, "--concurrency=100"], env=env, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.startswith("the gevent pool is not for this system")


def test_threads_are_taken_without_a_word_and_too_many_slots_with_one(monkeypatch, caplog):
    sender = _options(monkeypatch, "threads")
    assert (sender.pool_cls.__name__, caplog.messages) == ("TaskPool", [])
    _options(monkeypatch, "threads", slots=1000)
    assert len(caplog.messages) == 1
    assert "1000 processes" in caplog.messages[0]


def test_a_queue_that_is_none_ends_the_worker_with_the_names(monkeypatch, caplog):
    assert unknown_queues(["celery", "example", "high_priority", *LANES]) == []
    with pytest.raises(SystemExit):
        _options(monkeypatch, "threads", queues=("default", "exports"))
    assert "no queue named exports" in caplog.messages[0]
    assert all(name in caplog.messages[0] for name in QUEUES)
    with pytest.raises(NotFound):
        celery_app.run_worker(Settings(_env_file=None), ["default", "exports"])


def test_a_worker_on_some_queues_claims_of_their_lanes_and_hears_of_all_priorities():
    assert lanes_of(["high_priority", "default", "export"]) == ("default", "export")
    assert lanes_of(["celery"]) == ("default",)
    assert lanes_of(["low_priority"]) == LANES
    assert queues_of(["email"]) == ("high_priority", "email", "low_priority")


def test_the_documents_names_of_the_environment_are_understood(monkeypatch, caplog):
    for name, value in zip(ENV, ("postgresql://u@h/d", "s3cret", "redis://h:1/0", "redis://h:1/1"), strict=True):
        monkeypatch.setenv(name, value)
    settings = Settings(_env_file=None)
    assert settings.effective_database_url == "postgresql+psycopg://u@h/d"
    assert (settings.effective_secret_key, settings.broker_url) == ("s3cret", "redis://h:1/0")
    caplog.set_level(logging.INFO)
    note_unused(settings)
    assert caplog.messages == ["CELERY_RESULT_BACKEND is accepted and not used: results live in the database"]
    note_unused(settings.model_copy(update={"result_backend": ""}))
    assert len(caplog.messages) == 1
    assert _celery(settings) == ("redis://h:1/0", None)


def test_our_own_names_go_first_also_for_celery(monkeypatch):
    for name, value in (("BROKER_URL", "redis://ours:1/0"), ("DATABASE_URL", "sqlite:///a"), ("SECRET_KEY", "ours")):
        monkeypatch.setenv(f"TASKTRAY_{name}", value)
    for name in ENV:
        monkeypatch.setenv(name, "redis://theirs:1/0")
    settings = Settings(_env_file=None)
    assert (settings.effective_database_url, settings.effective_secret_key) == ("sqlite:///a", "ours")
    assert _celery(settings) == ("redis://ours:1/0", None)
    monkeypatch.setenv("TASKTRAY_BROKER_URL", "")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://theirs:1/0")
    assert _celery(Settings(_env_file=None)) == ("memory://", None)


def _celery(settings: Settings) -> tuple[str, Any]:
    app = Celery("test", set_as_current=False, fixups=[])
    app.conf.update(celery_settings(settings))
    return app.conf.broker_url, app.conf.result_backend


def test_beat_runs_our_scheduler_by_itself():
    from celery.beat import Service
    from celery.utils.imports import symbol_by_name

    from worker.beat import Scheduler

    assert symbol_by_name(celery_app.app.conf.beat_scheduler) is Scheduler
    lazy = Service(celery_app.app, scheduler_cls=celery_app.app.conf.beat_scheduler).get_scheduler(lazy=True)
    assert (lazy.max_interval, lazy.should_sync()) == (1.0, False)
    assert "rows of the database" in lazy.info


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (None, []),
        ("worker.beat:Scheduler", []),
        (
            "django_celery_beat.schedulers:DatabaseScheduler",
            ["the scheduler django_celery_beat.schedulers:DatabaseScheduler"],
        ),
    ],
)
def test_beat_says_in_one_line_that_another_scheduler_is_not_for_this_system(monkeypatch, caplog, asked, said):
    from worker.beat import Scheduler

    monkeypatch.setattr(celery_app.app.log, "setup", lambda *_, **__: None)  # the log of the tests stays as it is
    beat = celery_app.app.Beat(scheduler=asked)
    beat.setup_logging()
    assert [message.partition(" is not for this system")[0] for message in caplog.messages] == said
    service = beat.Service(beat.app, scheduler_cls=beat.scheduler_cls)
    assert isinstance(service.get_scheduler(lazy=True), Scheduler)
