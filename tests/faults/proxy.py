"""The network between the players and the server.

Every request goes through here and meets what the weather has for it. What happens to the
requests of a connection follows from the seed and the number of the connection:

``delay``            reaches the server some seconds later
``slow``             request and answer go through piece by piece
``pause``            the body stops half-way for a while, then goes on
``cut request``      the connection breaks in the middle of the request: never served
``late request``     the client is cut off, the server gets the whole request much later
``hang``             read and never answered, never served
``refuse``           reset before a byte is read
``502``, ``503``     answered here, never served
``504 served``       served, but the answer is lost: the client is told 504
``cut answer``       served, and the connection breaks before the answer
``cut half answer``  served, and the connection breaks in the middle of the answer
``hold answer``      served, and the answer is held back
"""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from types import TracebackType

from faults.plan import WEATHERS
from faults.wire import Broken, Head, answer, drop, read_exactly, read_head, read_to_end

__all__ = ["Proxy", "step_of"]

_PIECE = 16 * 1024
_SLOW_PIECES = 60  # no more than so many pieces are slow: a test ends some day
_UPSTREAM_SECONDS = 120.0
_SERVED = frozenset({"pass", "504 served", "cut answer", "cut half answer", "hold answer"})


class Proxy:
    """A port of its own in front of a server; a context manager.

    Args:
        upstream: where the server is now (it may be restarted on another port).
        seed: decides what happens.
        longest_hold: seconds an answer or a request is held back at most.

    Attributes:
        faults: how often each fault was met, by (kind, step of the protocol).
        seen: how many requests there were, by step of the protocol.
        requests: how many requests came.
    """

    def __init__(
        self, upstream: Callable[[], tuple[str, int]], *, seed: int, longest_hold: float
    ) -> None:
        self._upstream = upstream
        self._seed = seed
        self._longest_hold = longest_hold
        self._weather = WEATHERS["calm"]
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._clients: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._late: list[threading.Thread] = []
        self._connections = 0
        self._port = 0
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._arranged: dict[str, list[tuple[str, float, threading.Event]]] = {}
        self.faults: Counter[tuple[str, str]] = Counter()
        self.seen: Counter[str] = Counter()
        self.requests = 0
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self.down()
        for thread in [*self._threads, *self._late]:
            thread.join()

    def weather(self, name: str) -> None:
        """From now on, requests meet what this entry of ``WEATHERS`` says."""
        self._weather = WEATHERS[name]

    def arrange(self, step: str, kind: str, *, chance: float = 1.0) -> threading.Event:
        """Have the next request of this step meet ``kind``, whatever the weather.

        Args:
            step: see :func:`step_of`.
            chance: how much of it, 0.0 to 1.0: of the longest hold, of the message.

        Returns:
            Set when the fault begins: after the server has served the request, where it does;
            of a pause, once half of the body went through.
        """
        met = threading.Event()
        with self._guard:
            self._arranged.setdefault(step, []).append((kind, chance, met))
        return met

    def up(self) -> None:
        """Accept connections (again, on the same port)."""
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self._port), backlog=128)
            self._port = self._listener.getsockname()[1]
            self._acceptor = threading.Thread(target=self._accept, args=(self._listener,))
            self._acceptor.start()

    def down(self) -> None:
        """Refuse connections, and break those there are."""
        listener, self._listener = self._listener, None
        if listener is None or self._acceptor is None:
            return
        # Shutting down wakes whoever waits in accept() or recv().
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        self._acceptor.join()
        with self._guard:
            for client in self._clients:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def drain(self) -> None:
        """Wait until every request that is still on its way has reached the server."""
        for thread in list(self._late):
            thread.join()

    # connections

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with self._guard:
                self._connections += 1
                number = self._connections
                self._clients.add(client)
                self._threads = [thread for thread in self._threads if thread.is_alive()]
                thread = threading.Thread(target=self._serve, args=(client, number))
                self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, number: int) -> None:
        random = Random(f"{self._seed} connection {number}")
        try:
            while not self._stopping.is_set():
                head = read_head(client)
                if head is None or not self._exchange(client, head, random):
                    return
        except (Broken, OSError):
            drop(client)
        finally:
            with self._guard:
                self._clients.discard(client)
            client.close()

    def _exchange(self, client: socket.socket, head: Head, random: Random) -> bool:
        """One request and its answer; whether the connection can be used again."""
        kinds, weights = zip(*self._weather.items(), strict=True)
        kind = random.choices(kinds, weights)[0]
        chance = random.random()  # drawn always, so that the next request's fault is the same
        met = threading.Event()
        with self._guard:
            self.requests += 1
            self.seen[step_of(head)] += 1
            arranged = self._arranged.get(step_of(head))
            if arranged:
                kind, chance, met = arranged.pop(0)
            if kind != "pass":
                self.faults[kind, step_of(head)] += 1
        return _Exchange(self, client, head, chance, met).meet(kind)

    # what an exchange needs of the proxy

    def hold(self, chance: float) -> float:
        """How long something is held back: mostly short, now and then as long as may be."""
        return self._longest_hold * chance**3

    def sleep(self, seconds: float) -> bool:
        """False when the proxy is to stop meanwhile."""
        return not self._stopping.wait(seconds)

    def connect(self) -> socket.socket:
        """A connection to the server. Raises OSError while it is down."""
        return socket.create_connection(self._upstream(), timeout=_UPSTREAM_SECONDS)

    def later(self, head: Head, body: bytes, seconds: float) -> None:
        """Give the server a whole request in ``seconds``, whoever waits for its answer."""

        def deliver() -> None:
            if self.sleep(seconds):
                with suppress(Broken, OSError), self.connect() as server:
                    server.sendall(head.bytes_with(connection="close") + body)
                    read_to_end(server)

        thread = threading.Thread(target=deliver)
        with self._guard:
            self._late = [late for late in self._late if late.is_alive()]
            self._late.append(thread)
        thread.start()


class _Exchange:
    """One request on its way, and what it meets."""

    def __init__(
        self,
        proxy: Proxy,
        client: socket.socket,
        head: Head,
        chance: float,
        met: threading.Event,
    ) -> None:
        self._met = met
        self._proxy = proxy
        self._client = client
        self._head = head
        self._chance = chance
        self._pause = 0.0  # seconds before each piece
        self._stop_at: int | None = None  # bytes of the body that may still pass

    def meet(self, kind: str) -> bool:
        """Let the request meet a fault; whether the connection can be used again."""
        if kind == "pause":
            self._stop_at = int((self._head.length or 0) * 0.5)
        elif kind not in _SERVED:
            self._met.set()
        if kind == "delay" and not self._proxy.sleep(0.05 + 3.0 * self._chance**2):
            return False
        if kind == "slow":
            self._pause = 0.02 + 0.1 * self._chance
        if kind == "refuse":
            drop(self._client)
            return False
        if kind in ("502", "503"):
            self._read_body()
            again = 1 + round(3 * self._chance) if self._chance < 0.5 else None
            status = "502 Bad Gateway" if kind == "502" else "503 Service Unavailable"
            self._client.sendall(answer(status, retry_after=again))
            return False
        if kind == "hang":
            self._read_body()
            self._proxy.sleep(self._proxy.hold(self._chance))
            return False
        if kind == "late request":
            body = self._read_body()
            self._proxy.later(self._head, body, self._proxy.hold(self._chance))
            drop(self._client)
            return False
        if kind == "cut request":
            self._cut_request()
            return False
        return self._answered(kind)

    def _answered(self, kind: str) -> bool:
        """Let the server serve the request, and do ``kind`` to its answer."""
        try:
            server = self._proxy.connect()
        except OSError:
            self._read_body()
            self._client.sendall(answer("502 Bad Gateway"))
            return False
        with server:
            server.sendall(self._head.bytes_with(connection="close"))
            self._forward_body(server)
            head = read_head(server)
            if head is None:
                raise Broken
            body = head.rest + read_to_end(server)
        self._met.set()
        if kind == "cut answer":
            drop(self._client)
            return False
        if kind == "504 served":
            self._client.sendall(answer("504 Gateway Timeout"))
            return False
        if kind == "hold answer" and not self._proxy.sleep(self._proxy.hold(self._chance)):
            return False
        return self._send_answer(head, body, half=kind == "cut half answer")

    def _send_answer(self, head: Head, body: bytes, *, half: bool) -> bool:
        ends = head.length is not None or head.header("transfer-encoding") == "chunked"
        whole = head.bytes_with(connection="keep-alive" if ends else "close") + body
        if half:
            self._client.sendall(whole[: max(1, round(len(whole) * self._chance))])
            drop(self._client)
            return False
        self._send(self._client, whole)
        return ends

    def _read_body(self) -> bytes:
        missing = (self._head.length or 0) - len(self._head.rest)
        return self._head.rest + read_exactly(self._client, missing)

    def _forward_body(self, server: socket.socket) -> None:
        """Piece by piece: a server must see a body that is cut by its client end early."""
        missing = (self._head.length or 0) - len(self._head.rest)
        self._send(server, self._head.rest)
        while missing > 0:
            piece = read_exactly(self._client, min(_PIECE, missing))
            missing -= len(piece)
            self._send(server, piece)
            if self._stop_at is not None and missing <= self._stop_at:
                self._stop_at = None
                self._met.set()
                if not self._proxy.sleep(self._proxy.hold(self._chance)):
                    raise Broken

    def _cut_request(self) -> None:
        """Give the server a part of the request, then break both connections."""
        length = self._head.length or 0
        part = int(length * self._chance)  # less than length
        try:
            with self._proxy.connect() as server:
                if length:
                    server.sendall(self._head.bytes_with(connection="close"))
                    early = self._head.rest[:part]
                    server.sendall(early + read_exactly(self._client, part - len(early)))
        finally:
            drop(self._client)

    def _send(self, target: socket.socket, data: bytes) -> None:
        if not self._pause:
            target.sendall(data)
            return
        step = max(_PIECE, len(data) // _SLOW_PIECES)
        for start in range(0, len(data), step):
            if not self._proxy.sleep(self._pause):
                raise Broken
            target.sendall(data[start : start + step])


def step_of(head: Head) -> str:
    """The step of the life of a save that a request belongs to."""
    path = head.path.partition("?")[0]
    if path.endswith("/working-files/new"):
        return "claim"
    if path.endswith("/file"):
        return "upload" if head.method == "POST" else "look"
    if head.method == "PUT":
        return "commit"
    return "read"
