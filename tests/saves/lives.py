"""What may happen to saves: sessions of an artist, machines that die, a network that loses.

A life is a model of the server, two homes of one artist (two machines with a workspace in
common), and what was done so far. :mod:`life_checks` says what must hold at its end.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doomed import Child, Ended, Told, Work, start
from model_kitsu import TASK, Answer, Call, ModelKitsu, is_change, step_of

from wf_core.errors import FileUnreadable, WorkfilesError
from wf_core.filehost import FileHost
from wf_core.host import SceneTag
from wf_core.workfiles import SaveRequest, Workfiles

__all__ = ["AWAY", "HOMES", "NAMES", "Life", "Made", "Network"]

HOMES = ("one", "two")
NAMES = ("main", "cache")

Network = Mapping[str, str]
"""What goes wrong in one save, each once: the fault by the step it meets. The step ``write`` is
the application's: its scene cannot be written."""

AWAY: Network = {"everything": "refused"}
"""No server, for as long as the save takes."""

_ROUNDS = 12  # of syncs until nothing waits; each is one try of everything
_FOR_WANT_OF_THE_SERVER = ("ServerUnavailable", "ServerFault")


@dataclass
class Made:
    """A save of a session.

    Attributes:
        base: the save its scene comes from.
        began, ended: on the test's clock; None: it was not come to, it was not reported.
        save_id: None when it was never reported as safe.
        path: the scene, where it was reported to be.
        tag: what its scene says about itself.
    """

    home: str
    name: str
    content: bytes
    comment: str
    scene: Path
    base: Made | None = None
    began: int | None = None
    ended: int | None = None
    save_id: str | None = None
    path: Path | None = None
    tag: SceneTag | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class _Session:
    """A process, and the saves it has still to report, each with its network."""

    child: Child
    left: list[tuple[Made, dict[str, str]]] = field(default_factory=list)
    network: dict[str, str] = field(default_factory=dict)
    last: Made | None = None
    held: tuple[Call, Answer | None] | None = None
    reports: list[Any] = field(default_factory=list)


class _CannotWrite(FileHost):
    """An application whose disk is full."""

    def save_as(self, path: Path) -> None:
        raise FileUnreadable(f"{path} could not be written.")


class Life:
    """A life, from its first moment; ``close`` it whatever happens."""

    def __init__(self) -> None:
        memory = Path("/dev/shm")
        self._folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.root = Path(self._folder.name)
        self.kitsu = ModelKitsu()
        self.late: list[Call] = []
        self.frozen: list[_Session] = []
        self.saves: list[Made] = []
        self.written_over: set[Path] = set()
        self.without_journal: set[str] = set()
        self.discarded: set[str] = set()
        self._children: list[Child] = []
        self._now = 0
        for home in HOMES:
            folder = self.root / home
            folder.mkdir()
            profile = {"offline_budget": 0.5, "cache_seconds": 300}
            text = json.dumps({"profiles": {"default": profile}})
            (folder / "settings.json").write_text(text, encoding="utf-8")

    def close(self) -> None:
        """End every process, and remove every file."""
        for child in self._children:
            child.kill()
        self._folder.cleanup()

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    def kept(self) -> list[Path]:
        """The kept copies, oldest first."""
        found = self.workspace.rglob(".wf-spool/**/*.blend")
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)

    # what people and machines do

    def save(
        self,
        *networks: Network,
        home: str = "one",
        name: str = "main",
        dies_at: int | None = None,
        wait: bool = True,
    ) -> list[Made]:
        """One process makes a save per network, each from the one before.

        Args:
            dies_at: the boundary at which the process is killed.
            wait: whether it takes each save to the server itself.
        """
        made = [self._next_save(home, name) for _ in networks]
        reported = [m for m in self.saves if m.save_id and (m.home, m.name) == (home, name)]
        base = reported[-1] if reported else None
        broken = ["write" in network for network in networks]

        def work(workfiles: Workfiles) -> Iterator[tuple[str, str, SceneTag | None] | str]:
            tag = base.tag if base else None
            for save, cannot_write in zip(made, broken, strict=True):
                host = (_CannotWrite if cannot_write else FileHost)(save.scene)
                host.set_tag(tag)
                request = SaveRequest(task=TASK, name=name, comment=save.comment)
                try:
                    saved = workfiles.save(host, request, wait=wait)
                except WorkfilesError as exc:
                    yield f"{type(exc).__name__}: {exc}"
                else:
                    tag = host.get_tag()
                    yield saved.save_id, saved.path, tag

        self.saves += made
        session = self._session(home, work, dies_at)
        session.last = base
        session.left = [(m, dict(n)) for m, n in zip(made, networks, strict=True)]
        self._begin_next(session)
        self._serve(session)
        return made

    def sync(
        self, network: Network | None = None, *, home: str = "one", dies_at: int | None = None
    ) -> tuple[int, int, int] | None:
        """Everything that waits is tried once.

        Returns:
            How many were committed, wait, and are parked; None when the process did not end well.
        """

        def work(workfiles: Workfiles) -> Iterator[tuple[int, int, int]]:
            result = workfiles.sync()
            yield result.committed, result.pending, result.parked

        session = self._session(home, work, dies_at)
        session.network = dict(network or {})
        self._serve(session)
        found: tuple[int, int, int] | None = session.reports[0] if session.reports else None
        return found

    def discard_parked(self, *, home: str = "one") -> None:
        """A person gives up every save that waits for a person."""

        def work(workfiles: Workfiles) -> Iterator[str]:
            for pending in workfiles.status():
                if pending.state == "parked":
                    workfiles.discard(pending.save_id)
                    yield pending.save_id

        self._serve(self._session(home, work, None))

    def thaw(self) -> None:
        """The frozen process goes on."""
        session = self.frozen.pop()
        assert session.held is not None
        call, served = session.held
        session.child.answer(served or self.kitsu.answer(call))
        self._serve(session)

    def a_late_request_arrives(self, *, newest: bool = True) -> None:
        """Bytes that arrive twice by this are not counted as needless ones: whoever sent them
        again had looked, and they were not there."""
        needless = list(self.kitsu.needless)
        self.kitsu.answer(self.late.pop(-1 if newest else 0))
        self.kitsu.needless = needless

    def somebody_else_saves(self, name: str = "main") -> None:
        number = self.kitsu.highest(name) + 1
        record = self.kitsu.create(name=name, revision=number, comment="theirs")
        assert record is not None
        self.kitsu.stored[record["id"]] = b"theirs"

    def lose_journal(self, *, home: str = "one", how: str = "deleted") -> None:
        journal = self.root / home / "journal.db"
        if not journal.exists() or (self.frozen and how != "deleted"):
            return  # nobody writes over a file that is in use
        self.without_journal.add(home)
        if how == "deleted":
            for suffix in ("", "-wal", "-shm"):
                journal.with_name(journal.name + suffix).unlink(missing_ok=True)
        elif how == "overwritten":
            journal.write_bytes(b"\xff" * journal.stat().st_size)
        else:
            os.truncate(journal, journal.stat().st_size // 2)

    def settle(self) -> None:
        """Everything that is under way ends, and everything that waits is sent."""
        while self.frozen:
            self.thaw()
        while self.late:
            self.a_late_request_arrives()
        self.kitsu.assigned = True
        for home in HOMES * 2:  # what the second home did may leave something to the first
            self._settle(home)

    # how it is done

    def _settle(self, home: str) -> None:
        found = None
        for _ in range(_ROUNDS):
            found = self.sync(home=home)
            assert found is not None
            if found == (0, 0, 0):
                return
        waiting = "; ".join(self._waiting(home))
        raise AssertionError(f"{home}: still waiting after {_ROUNDS} syncs: {found}: {waiting}")

    def _waiting(self, home: str) -> list[str]:
        def work(workfiles: Workfiles) -> Iterator[list[str]]:
            yield [f"{p.state} {p.revision} {p.path}: {p.error}" for p in workfiles.status()]

        session = self._session(home, work, None)
        self._serve(session)
        found: list[str] = session.reports[0]
        return found

    def _next_save(self, home: str, name: str) -> Made:
        number = len(list(self.root.glob("scene-*.blend")))
        content = f"save {number} ".encode() * 50
        scene = self.root / f"scene-{number}.blend"
        scene.write_bytes(content)
        return Made(home, name, content, f"comment {number}", scene)

    def _session(self, home: str, work: Work, dies_at: int | None) -> _Session:
        child = start(self.root / home, work, dies_at=dies_at)
        self._children.append(child)
        return _Session(child)

    def _begin_next(self, session: _Session) -> None:
        if session.left:
            made, session.network = session.left[0]
            self._now += 1
            made.base, made.began = session.last, self._now

    def _serve(self, session: _Session) -> None:
        """Answer a process until it ends, or until it is frozen."""
        while True:
            said = session.child.next()
            if isinstance(said, Ended):
                _check_failure(said.failure)
                return
            if isinstance(said, Told):
                self._note(session, said)
                continue
            fault = session.network.get("everything") or session.network.pop(step_of(said), "")
            if fault.startswith("freeze") and not self.frozen:
                session.held = said, self.kitsu.answer(said) if "served" in fault else None
                self.frozen.append(session)
                return
            session.child.answer(self._served(said, fault))

    def _served(self, call: Call, fault: str) -> Answer | str:
        if fault == "503":
            return Answer(503)
        if fault == "late" and is_change(call):
            self.late.append(call)
        if fault in ("refused", "lost request", "late"):
            return "refused" if fault == "refused" else "lost"
        answer = self.kitsu.answer(call)
        return "lost" if fault == "lost answer" else answer

    def _note(self, session: _Session, said: Told) -> None:
        if not session.left:
            if isinstance(said.value, str):
                self.discarded.add(said.value)
            else:
                session.reports.append(said.value)
            return
        made, _ = session.left.pop(0)
        self._now += 1
        if isinstance(said.value, str):
            _check_failure(said.value)
        else:
            made.save_id, path, made.tag = said.value
            made.path, made.ended = Path(path), self._now
            session.last = made
        self._begin_next(session)


def _check_failure(failure: str | None) -> None:
    """Nothing may be refused here but for want of the server, or of an application that can
    write."""
    if failure is not None and "could not be written" not in failure:
        assert failure.startswith(_FOR_WANT_OF_THE_SERVER), failure
