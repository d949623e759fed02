"""A port of its own in front of a shared server, which one test can close and open again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType

__all__ = ["Relay"]

PIECE = 64 * 1024


class Relay:
    """Forwards every connection to ``target`` while it is open; a context manager."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._port = 0
        self._held = ExitStack()
        self._open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Within, connections are refused and those there were are gone."""
        self._held.close()
        try:
            yield
        finally:
            self._open()

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def _open(self) -> None:
        listener = socket.create_server(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        connections: list[socket.socket] = []
        threads: list[threading.Thread] = []
        acceptor = threading.Thread(target=self._accept, args=(listener, connections, threads))
        acceptor.start()

        def close() -> None:
            # Shutting down wakes whoever waits in accept() or recv().
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            acceptor.join()
            for connection in connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            for connection in connections:
                connection.close()

        self._held.callback(close)

    def _accept(
        self,
        listener: socket.socket,
        connections: list[socket.socket],
        threads: list[threading.Thread],
    ) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            connections += [client, server]
            for pair in ((client, server), (server, client)):
                threads.append(threading.Thread(target=_forward, args=pair))
                threads[-1].start()


def _forward(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
