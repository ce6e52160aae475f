"""How a request travels: TLS by the operating system's trust, proxies, timeouts, and what a failure means.

A `requests.Session` is not safe to share between threads, so each thread has its own; all close together.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NameResolutionError

from desktop.client.errors import ClientError, FileProblem, Offline

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0


def tls_context(ca_file: str | os.PathLike[str] | None) -> ssl.SSLContext:
    """A context that trusts what the operating system trusts, and the certificates in `ca_file` besides.

    Raises:
        FileProblem: `ca_unreadable`.
    """
    import truststore

    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # What administrators set for other programs behind an inspecting proxy counts here, too.
    for path in (ca_file, os.environ.get("REQUESTS_CA_BUNDLE"), os.environ.get("SSL_CERT_FILE")):
        if not path:
            continue
        try:
            if Path(path).is_dir():
                context.load_verify_locations(capath=path)
            else:
                context.load_verify_locations(cafile=path)
        except (OSError, ssl.SSLError) as error:
            if path is ca_file:
                raise FileProblem("ca_unreadable", path=str(path), reason=str(error)) from error
    return context


class _Adapter(HTTPAdapter):
    """Uses our TLS context for servers and proxies instead of the list of authorities that `requests` brings along."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(pool_connections=2, pool_maxsize=2)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        options["ssl_context"] = self._context
        super().init_poolmanager(*args, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        options["ssl_context"] = self._context
        if proxy.lower().startswith("https"):
            options["proxy_ssl_context"] = self._context
        return super().proxy_manager_for(proxy, **options)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        # Naming a bundle here would add it to our context.
        conn.cert_reqs = "CERT_REQUIRED"


def normal_url(address: str) -> str:
    """The server's base URL from what a person typed: a scheme is added, a path of the API cut off.

    Raises:
        ClientError: `bad_address`.
    """
    text = address.strip()
    try:
        if "://" not in text:
            text = ("http://" if is_loopback(urlsplit("//" + text).hostname) else "https://") + text
        parts = urlsplit(text)
        ok = parts.scheme in ("http", "https") and parts.hostname and not parts.username and parts.port != 0
    except ValueError:
        ok = False
    if not ok:
        raise ClientError("bad_address", server=address)
    path = parts.path.rstrip("/").removesuffix("/api/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_loopback(host: str | None) -> bool:
    """True for this computer itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class Sessions:
    """One `requests.Session` a thread, all with the same settings.

    Args:
        base_url: of the server.
        ca_file: own certificate authority, PEM.
    """

    def __init__(self, base_url: str, ca_file: str | os.PathLike[str] | None = None) -> None:
        self.base_url = base_url
        self._context = tls_context(ca_file) if base_url.startswith("https") else None
        # A proxy cannot reach this computer for us.
        self._direct = is_loopback(urlsplit(base_url).hostname)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._all: list[tuple[threading.Thread, requests.Session]] = []
        self.closed = threading.Event()

    def get(self) -> requests.Session:
        """The session of this thread."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = not self._direct
            # Always set, or `requests` would put credentials of ~/.netrc over our token.
            session.auth = lambda request: request
            if self._context is not None:
                session.mount("https://", _Adapter(self._context))
            self._local.session = session
            with self._lock:
                # Threads come and go in a pool; what ended ones left open is closed here.
                for thread, old in self._all:
                    if not thread.is_alive():
                        old.close()
                self._all = [entry for entry in self._all if entry[0].is_alive()]
                self._all.append((threading.current_thread(), session))
        return session

    def close(self) -> None:
        """Close all connections; waits for retries end at once."""
        self.closed.set()
        with self._lock:
            for _, session in self._all:
                session.close()
            self._all.clear()
        self._local = threading.local()


def offline(error: Exception, server: str) -> Offline:
    """What a failure of `requests` means."""
    if isinstance(error, requests.exceptions.ProxyError):
        return Offline("proxy_failed", server=server)
    if isinstance(error, requests.exceptions.SSLError):
        reason = str(error)
        found: object = error
        while isinstance(found, BaseException):
            if isinstance(found, ssl.SSLCertVerificationError):
                reason = found.verify_message
                break
            inner = found.args[0] if found.args and isinstance(found.args[0], BaseException) else None
            found = inner or getattr(found, "reason", None) or found.__cause__
        return Offline("tls_untrusted", server=server, reason=reason[:200])
    if isinstance(error, requests.exceptions.Timeout):
        return Offline("server_timeout", server=server)
    inner = error.args[0] if error.args else None
    if isinstance(getattr(inner, "reason", inner), NameResolutionError):
        return Offline("server_unknown", server=server)
    return Offline("server_unreachable", server=server)
