"""Encrypted connections: verified always, and under the same deadlines.

``tls/loopback.pem`` is a self-signed certificate for localhost and its key, made for these
tests and trusted by nobody else.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wf_core.errors import ServerUnavailable
from wf_core.kitsu import Session, Timeouts

CERTIFICATE = Path(__file__).parent / "tls" / "loopback.pem"
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n{"a": 1}'
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJyb2JpbiJ9.c2lnbmF0dXJl"


class TlsServer:
    """Hands each encrypted connection, its request's head read, to a function."""

    def __init__(self) -> None:
        self.serve: Callable[[ssl.SSLSocket, threading.Event], None] = lambda s, _: s.sendall(
            ANSWER
        )
        self.heads: list[bytes] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(CERTIFICATE)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            raw, _ = self._listener.accept()
            raw.settimeout(5)
            with (
                raw,
                contextlib.suppress(OSError),
                self._context.wrap_socket(raw, server_side=True) as connection,
            ):
                self.heads.append(connection.recv(65536))
                self.serve(connection, self._stop)

    def close(self) -> None:
        self._stop.set()
        with socket.socket() as waker:
            waker.connect_ex(("127.0.0.1", self.port))
        self._thread.join()
        self._listener.close()


@pytest.fixture
def server() -> Iterator[TlsServer]:
    running = TlsServer()
    try:
        yield running
    finally:
        running.close()


def session_for(server: TlsServer, host: str = "localhost") -> Session:
    return Session(
        f"https://{host}:{server.port}",
        bot_token=TOKEN,
        timeouts=Timeouts(connect=2.0, read=2.0, total=0.8),
        retries=2,
    )


def test_when_nobody_vouches_for_the_server_then_it_gets_no_token(server: TlsServer) -> None:
    with pytest.raises(ServerUnavailable, match="could not prove who it is") as raised:
        session_for(server).get("r")
    assert raised.value.in_doubt is False
    assert server.heads == []


def test_when_the_studio_vouches_for_the_server_then_it_is_spoken_to(
    server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    assert session_for(server).get("r") == {"a": 1}
    assert f"Bearer {TOKEN}".encode() in server.heads[0]


def test_when_the_certificate_is_for_another_name_then_it_gets_no_token(
    server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with pytest.raises(ServerUnavailable, match="could not prove who it is"):
        session_for(server, "127.0.0.1").get("r")
    # urllib3 1.26 looks at the name when the connection is up already.
    assert b"".join(server.heads) == b""


def test_when_an_encrypted_answer_drips_then_the_deadline_holds(
    server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))

    def drip(connection: ssl.SSLSocket, stop: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not stop.wait(0.05):
            connection.sendall(b" ")

    server.serve = drip
    with pytest.raises(ServerUnavailable, match="in time"):
        session_for(server).post("r", {})


def test_when_the_server_does_not_encrypt_then_it_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        session = Session(f"https://127.0.0.1:{listener.getsockname()[1]}", retries=0)
        with pytest.raises(ServerUnavailable, match="does not speak https there") as raised:
            session.post("r", {})
        assert raised.value.in_doubt is False
        thread.join()
