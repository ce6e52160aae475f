"""Serve the API: `python -m api.serve`, or `tasktray api`."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any

import uvicorn

from api import LISTEN_FD
from api.app import create_app
from worker.settings import Settings, get_settings

SOCKET_MESSAGE_BYTES = 16_384
STOP_SECONDS = 5  # requests under way get this long at a stop


class WithoutQuery(logging.Filter):
    """Cuts the query off the access log's addresses: whatever stands in it (a token, a name) is not for the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; always True."""
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, path, *rest = record.args
            record.args = (client, method, str(path).partition("?")[0], *rest)
        return True


def log_config() -> dict[str, Any]:
    """Plain lines with the time on stderr, for uvicorn's loggers and ours."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"without_query": {"()": WithoutQuery}},
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {
            "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
            "uvicorn.access": {
                "handlers": ["stderr"],
                "filters": ["without_query"],
                "level": "INFO",
                "propagate": False,
            },
            "tasktray": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        },
    }


def server(settings: Settings, *, access_log: bool = True) -> uvicorn.Server:
    """A server for these settings, not yet running. SIGTERM and SIGINT stop it gracefully."""
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=access_log,
        log_config=log_config(),
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        ws_max_size=SOCKET_MESSAGE_BYTES,
        ws_max_queue=4,
        lifespan="on",
    )
    return uvicorn.Server(config)


def main() -> None:
    """Serve until a signal comes: on the listening socket that our parent hands down, else on one of our own."""
    handed = os.environ.get(LISTEN_FD)
    sockets = [socket.socket(fileno=int(handed))] if handed else None
    server(get_settings()).run(sockets)


if __name__ == "__main__":
    main()
