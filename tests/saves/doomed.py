"""Real processes that save against a model of the server, and die or lose answers where told.

A process is a fork of the test. Its requests come to the test through a pipe, one at a time, so
the test decides what becomes of each: served, refused, lost, served later, or held back while
somebody else works. It may be killed at any boundary: before a request, after it was
served, before and after each change of the journal, a sidecar, a reservation or a name. It dies as
under SIGKILL: nothing of it runs on, and the system takes back its locks.
"""

from __future__ import annotations

import functools
import io
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, NoReturn

import requests
import urllib3
from model_kitsu import ADDRESS, Answer, Call

from wf_core import filehost
from wf_core.kitsu import Session, locate_server
from wf_core.saves import circuit, delivery, desk, engine, sending, turns, uploader
from wf_core.saves.journal import Journal
from wf_core.saves.spool import Spool
from wf_core.settings import load
from wf_core.workfiles import Workfiles

__all__ = ["BOUNDARIES", "Child", "Ended", "Told", "Work", "start"]

BOUNDARIES = 70
"""More than there are in the life of a save."""


Work = Callable[[Workfiles], Iterator[Any]]
"""What a process does with its facade; what it yields is told to the test at once."""


@dataclass(frozen=True)
class Told:
    """What a process has done by now."""

    value: Any


@dataclass(frozen=True)
class Ended:
    """The end of a process; ``failure`` is what its work raised, None when it was killed."""

    failure: str | None = None


@dataclass
class Child:
    """A process of the artist, and the test's end of its pipe."""

    pid: int
    pipe: Connection
    is_over: bool = False

    def next(self) -> Call | Told | Ended:
        """Its next request, what it has done, or its end."""
        try:
            said = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            said = Ended()
        if isinstance(said, Ended):
            self._bury()
        assert isinstance(said, (Call, Told, Ended))
        return said

    def kill(self) -> None:
        """End it, wherever it is, if it is still there."""
        if not self.is_over:
            os.kill(self.pid, signal.SIGKILL)
            self._bury()

    def _bury(self) -> None:
        self.is_over = True
        self.pipe.close()
        os.waitpid(self.pid, 0)

    def answer(self, answer: Answer | str) -> None:
        """Answer its request; a word stands for what the network does instead."""
        with suppress(BrokenPipeError):  # another of its threads has killed it meanwhile
            self.pipe.send(answer)


def start(home: Path, work: Work, *, dies_at: int | None) -> Child:
    """Have a new process do ``work`` with a facade on ``home``.

    Args:
        dies_at: number of the boundary at which it is killed, None for never.
    """
    here, there = Pipe()
    pid = os.fork()
    if pid:
        there.close()
        return Child(pid, here)
    try:
        here.close()
        _live(there, home, work, dies_at)
    finally:
        os._exit(1)  # whatever happens, this process is not to go on as a second test run


def _live(pipe: Connection, home: Path, work: Work, dies_at: int | None) -> None:
    try:
        tempfile.tempdir = str(home.parent)  # turns of one machine, and of no other test's
        _arrange(pipe, _Fate(dies_at))
        environment = {
            "WF_HOME": str(home),
            "WF_WORKSPACE": str(home.parent / "workspace"),
            "WF_SERVER": ADDRESS,
            "WF_TOKEN": "bot",
        }
        with Workfiles(load(environment)) as workfiles:
            for value in work(workfiles):
                pipe.send(Told(value))
        ended = Ended()
    except BaseException as exc:  # noqa: BLE001  (told to the test)
        ended = Ended(f"{type(exc).__name__}: {exc}")
    pipe.send(ended)


class _Fate:
    """Counts boundaries, and kills the process at its own."""

    def __init__(self, dies_at: int | None) -> None:
        self._left = dies_at
        self._guard = threading.Lock()

    def boundary(self) -> None:
        with self._guard:
            if self._left is None:
                return
            self._left -= 1
            if self._left < 0:
                os._exit(9)

    def wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def between(*args: Any, **kwargs: Any) -> Any:
            self.boundary()
            result = function(*args, **kwargs)
            self.boundary()
            return result

        return between


def _arrange(pipe: Connection, fate: _Fate) -> None:
    """Make this process one that speaks to the model, does not wait, and may die."""
    adapter = _Adapter(pipe, fate)
    module: Any = desk
    module.Session = functools.partial(Session, adapter=adapter, sleep=lambda _: None)
    module.locate_server = functools.partial(locate_server, adapter=adapter)
    nap = time.sleep
    time.sleep = lambda seconds: nap(min(seconds, 0.001))
    os.fsync = lambda _: None  # a process that dies takes nothing from the system's own memory
    for owner, name, value in (
        (turns, "_WAIT_SECONDS", 0.05),
        (circuit, "_OPEN_SECONDS", 0.1),
        (sending, "_LOST_ANSWER_SECONDS", 0.0),
        (delivery, "_SECOND_LOOK_SECONDS", 0.0),
        (delivery, "_LATE_BODY_SECONDS", 0.0),
        (uploader, "start", lambda _: False),  # the test sends what is left, when it likes
    ):
        assert hasattr(owner, name), name
        setattr(owner, name, value)
    steps: tuple[tuple[Any, str], ...] = (
        (Journal, "add"),
        (Journal, "update"),
        (Journal, "take_over"),
        (Spool, "write_sidecar"),
        (Spool, "drop_bytes"),
        (engine, "reserve"),
        (engine, "link_or_copy"),
        (delivery, "reserve"),
        (delivery, "link_or_copy"),
        (delivery, "rename_exclusive"),
        (delivery, "release"),
        (filehost, "rename_exclusive"),
    )
    for owner, name in steps:
        setattr(owner, name, fate.wrapped(getattr(owner, name)))


class _Adapter(requests.adapters.BaseAdapter):
    """The network: every request goes to the test."""

    def __init__(self, pipe: Connection, fate: _Fate) -> None:
        super().__init__()
        self._pipe = pipe
        self._fate = fate
        self._guard = threading.Lock()

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        body: Any = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = b"".join(body)
        call = Call(str(request.method), str(request.url), body)
        with self._guard:
            self._fate.boundary()
            self._pipe.send(call)
            answer = self._pipe.recv()
            self._fate.boundary()
        if isinstance(answer, str):
            _fail(answer, request)
        return _response(answer, request)

    def close(self) -> None:
        """Nothing is open."""


def _fail(kind: str, request: requests.PreparedRequest) -> NoReturn:
    if kind == "refused":
        cause = urllib3.exceptions.NewConnectionError(None, "refused")  # type: ignore[arg-type]
        raise requests.ConnectionError(cause, request=request)
    raise requests.ConnectionError(ConnectionResetError("lost"), request=request)


def _response(answer: Answer, request: requests.PreparedRequest) -> requests.Response:
    raw = urllib3.HTTPResponse(
        body=io.BytesIO(b"" if request.method == "HEAD" else answer.body),
        status=answer.status,
        headers={"Content-Type": "application/json", "Content-Length": str(len(answer.body))},
        preload_content=False,
        request_method=request.method,
    )
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(raw.headers)
    response.raw = raw
    response.url = str(request.url)
    response.request = request
    return response
