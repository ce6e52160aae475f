"""An office on one database, and its mail server on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support_smtp import PostOffice, post_office
from tests.worker.datasets.office import Office


@pytest.fixture
def mails() -> Iterator[PostOffice]:
    """The mail server."""
    with post_office() as running:
        yield running


@pytest.fixture
def office(database, tmp_path, mails: PostOffice) -> Office:
    """An office that writes e-mails by `mails`."""
    office = Office(database, tmp_path)
    office.settings = office.settings.model_copy(update=mails.settings | {"mail_domains": "example.com"})
    return office
