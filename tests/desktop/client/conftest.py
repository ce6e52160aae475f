"""A real system for the client, and a network between them that can be made to misbehave."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import share
from tests.support_system import Office, office


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    share(items, Path(__file__).parent, "system")


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A running office system that tests share."""
    with office(tmp_path_factory.mktemp("office"), UPLOAD_MAX_BYTES="50000000") as running:
        yield running


@pytest.fixture
def client(system: Office):
    """Signed in as an admin."""
    with system.client() as client:
        yield client


class Wire:
    """A TCP relay to a server. It can cut a connection after a number of bytes, or change bytes on the way.

    Attributes:
        cuts: numbers of bytes; each new connection that sends so many takes one, and is cut there.
        cut_answers: the same for what the server sends.
        change: called with each block that the client sends, gives what goes on.
        change_answers: the same for what the server sends.
        sent: bytes that went from the client to the server.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.cuts: list[int] = []
        self.cut_answers: list[int] = []
        self.change: Callable[[bytes], bytes] = lambda block: block
        self.change_answers: Callable[[bytes], bytes] = lambda block: block
        self.sent = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._accept, name="wire")]
        self._threads[0].start()

    def _accept(self) -> None:
        self._listener.settimeout(0.1)
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                near, _ = self._listener.accept()
                thread = threading.Thread(target=self._relay, args=(near,), name="wire")
                self._threads.append(thread)
                thread.start()

    def _relay(self, near: socket.socket) -> None:
        up = down = 0
        with near, socket.create_connection(("127.0.0.1", self.port)) as far, selectors.DefaultSelector() as ready:
            ready.register(near, selectors.EVENT_READ)
            ready.register(far, selectors.EVENT_READ)
            while not self._stop.is_set():
                for key, _ in ready.select(0.1):
                    with contextlib.suppress(ConnectionError):
                        block = key.fileobj.recv(16384)
                        if not block:
                            return
                        if key.fileobj is near:
                            up += len(block)
                            self.sent += len(block)
                            far.sendall(self.change(block))
                            if self.cuts and up >= self.cuts[0]:
                                self.cuts.pop(0)
                                return
                        else:
                            down += len(block)
                            near.sendall(self.change_answers(block))
                            if self.cut_answers and down >= self.cut_answers[0]:
                                self.cut_answers.pop(0)
                                return
                        continue
                    return

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()
        self._listener.close()


@pytest.fixture
def wire(system: Office):
    """A relay to the shared system."""
    wire = Wire(system.port)
    yield wire
    wire.close()


class Answers:
    """A server that gives one prepared answer after the other, the last one for ever; knows what it was asked."""

    def __init__(self) -> None:
        self.queue: list[bytes] = []
        self.asked: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="answers")
        self._thread.start()

    def add(self, status: str, body: str = "", *headers: str) -> None:
        content = body.encode()
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Connection: close", *headers]
        self.queue.append("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

    def _serve(self) -> None:
        self._listener.settimeout(0.1)
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError, ConnectionError):
                near, _ = self._listener.accept()
                with near:
                    near.settimeout(2)
                    request = b""
                    while b"\r\n\r\n" not in request:
                        request += near.recv(65536)
                    self.asked.append(request)
                    near.sendall(self.queue.pop(0) if len(self.queue) > 1 else self.queue[0])

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self._listener.close()


@pytest.fixture
def answers():
    """Prepared answers, for servers that are no Tasktray."""
    answers = Answers()
    yield answers
    answers.close()
