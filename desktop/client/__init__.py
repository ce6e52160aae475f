"""The one REST client, of the desktop and of the command line. It knows no Qt and nothing of the server's code."""

from desktop.client.client import Client
from desktop.client.errors import (
    ClientError,
    Conflict,
    FileProblem,
    Gone,
    Missing,
    Offline,
    Problem,
    SignInNeeded,
    TransferCancelled,
)

__all__ = [
    "Client",
    "ClientError",
    "Conflict",
    "FileProblem",
    "Gone",
    "Missing",
    "Offline",
    "Problem",
    "SignInNeeded",
    "TransferCancelled",
]
