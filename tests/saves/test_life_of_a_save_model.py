"""Random lives of saves: processes that die, answers that are lost, journals that are lost.

What holds afterwards is what design and documents promise: every save that was reported is
there once, with its own bytes, in order; numbers have no holes; nothing is left over.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from doomed import BOUNDARIES, Child, Ended, start
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from model_kitsu import TASK, Answer, Call, ModelKitsu, is_change, step_of

from wf_core.filehost import FileHost
from wf_core.workfiles import SaveRequest, Workfiles

HOMES = ("one", "two")
NAMES = ("main", "cache")
_MARK = re.compile(r"\[wf:([0-9a-f]{16})\]\Z")
_ROUNDS = 12  # of syncs until nothing waits; each is one try of everything

boundaries = st.integers(0, BOUNDARIES)
faults = st.dictionaries(
    st.sampled_from(["claim", "claim", "upload", "commit", "look", "read"]),
    st.sampled_from(["lost answer", "late", "lost request", "refused", "503"]),
    min_size=1,
    max_size=2,
)
homes, names, waits = st.sampled_from(HOMES), st.sampled_from(NAMES), st.booleans()


@dataclass
class Made:
    """A save that was begun.

    Attributes:
        order: of beginning and of end (None: it was not reported), on the test's clock.
        save_id: None when it was never reported as safe.
        path: the scene, where it was reported to be.
    """

    home: str
    name: str
    content: bytes
    comment: str
    began: int
    ended: int | None = None
    save_id: str | None = None
    path: Path | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Running:
    """A process whose request is held back while others go on: as good as frozen."""

    child: Child
    call: Call
    made: Made | None
    served: Answer | None


class LifeOfASave(RuleBasedStateMachine):
    """What may happen. A rule that has nothing to act on does nothing: how far processes come
    depends on the machine too, so it must not decide which rules there are."""

    @initialize()
    def begin(self) -> None:
        memory = Path("/dev/shm")
        self.folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.root = Path(self.folder.name)
        self.kitsu = ModelKitsu()
        self.late: list[Call] = []
        self.frozen: list[Running] = []
        self.saves: list[Made] = []
        self.written_over: set[Path] = set()
        self.now = 0
        for home in HOMES:
            folder = self.root / home
            folder.mkdir()
            profile = {"offline_budget": 0.5, "cache_seconds": 300}
            text = json.dumps({"profiles": {"default": profile}})
            (folder / "settings.json").write_text(text, encoding="utf-8")

    # what people and machines do

    @rule(home=homes, name=names, networks=st.lists(faults, min_size=1, max_size=3), wait=waits)
    def save(self, home: str, name: str, networks: list[dict[str, str]], wait: bool) -> None:
        for network in networks:
            child, made = self._begin_save(home, name, None, wait)
            self._finish(child, made, network)

    @rule(home=homes, name=names, dies_at=boundaries, wait=waits)
    def save_and_be_killed(self, home: str, name: str, dies_at: int, wait: bool) -> None:
        child, made = self._begin_save(home, name, dies_at, wait)
        self._finish(child, made, {})

    @rule(home=homes, network=faults)
    def sync(self, home: str, network: dict[str, str]) -> None:
        self._finish(self._begin_sync(home, None), None, network)

    @rule(home=homes, dies_at=boundaries)
    def sync_and_be_killed(self, home: str, dies_at: int) -> None:
        self._finish(self._begin_sync(home, dies_at), None, {})

    @rule(
        home=homes,
        name=names,
        step=st.sampled_from(["claim", "upload", "commit"]),
        saving=st.booleans(),
        served=st.booleans(),
    )
    def freeze(self, home: str, name: str, step: str, saving: bool, served: bool) -> None:
        """A process stops at a request, before or after the server carries it out."""
        if self.frozen:
            return
        made = None
        if saving:
            child, made = self._begin_save(home, name, None, True)
        else:
            child = self._begin_sync(home, None)
        network = {step: "freeze served" if served else "freeze"}
        self._finish(child, made, network)

    @rule()
    def thaw(self) -> None:
        if not self.frozen:
            return
        running = self.frozen.pop()
        running.child.answer(running.served or self.kitsu.answer(running.call))
        self._finish(running.child, running.made, {})

    @rule(newest=st.booleans())
    def a_late_request_arrives(self, newest: bool) -> None:
        if self.late:
            self.kitsu.answer(self.late.pop(-1 if newest else 0))

    @rule(name=names)
    def somebody_else_saves(self, name: str) -> None:
        number = self.kitsu.highest(name) + 1
        record = self.kitsu.create(name=name, revision=number, comment="theirs")
        assert record is not None
        self.kitsu.stored[record["id"]] = b"theirs"

    @rule()
    def the_artist_is_unassigned(self) -> None:
        self.kitsu.assigned = False

    @rule(home=homes, how=st.sampled_from(["deleted", "overwritten", "truncated"]))
    def the_journal_is_lost(self, home: str, how: str) -> None:
        journal = self.root / home / "journal.db"
        if not journal.exists():
            return
        if how == "deleted":
            for suffix in ("", "-wal", "-shm"):
                journal.with_name(journal.name + suffix).unlink(missing_ok=True)
        elif self.frozen:
            return  # nobody writes over a file that is in use
        elif how == "overwritten":
            journal.write_bytes(b"\xff" * journal.stat().st_size)
        else:
            os.truncate(journal, journal.stat().st_size // 2)

    @rule(pick=st.integers(0, 10**6))
    def a_scene_is_written_over(self, pick: int) -> None:
        reported = [made.path for made in self.saves if made.path]
        if not reported:
            return
        scene = reported[pick % len(reported)]
        scene.write_bytes(b"what the artist did next")
        self.written_over.add(scene)

    # how it is done

    def _begin_save(
        self, home: str, name: str, dies_at: int | None, wait: bool
    ) -> tuple[Child, Made]:
        self.now += 1
        content = f"save {len(self.saves)} ".encode() * 50
        made = Made(home, name, content, f"comment {len(self.saves)}", self.now)
        self.saves.append(made)
        scene = self.root / f"scene-{len(self.saves)}.blend"
        scene.write_bytes(content)

        def work(workfiles: Workfiles) -> tuple[str, str]:
            request = SaveRequest(task=TASK, name=name, comment=made.comment)
            saved = workfiles.save(FileHost(scene), request, wait=wait)
            return saved.save_id, saved.path

        return start(self.root / home, work, dies_at=dies_at), made

    def _begin_sync(self, home: str, dies_at: int | None) -> Child:
        def work(workfiles: Workfiles) -> tuple[int, int, int]:
            result = workfiles.sync()
            return result.committed, result.pending, result.parked

        return start(self.root / home, work, dies_at=dies_at)

    def _finish(self, child: Child, made: Made | None, network: dict[str, str]) -> Ended | None:
        """Serve a process until it ends, or until it is frozen; each fault is met once."""
        network = dict(network)
        while True:
            said = child.next()
            if isinstance(said, Ended):
                self._note_end(said, made)
                return said
            fault = network.pop(step_of(said), "")
            if fault.startswith("freeze"):
                served = self.kitsu.answer(said) if "served" in fault else None
                self.frozen.append(Running(child, said, made, served))
                return None
            child.answer(self._served(said, fault))

    def _served(self, call: Call, fault: str) -> Answer | str:
        if fault == "503":
            return Answer(503)
        if fault == "late" and is_change(call):
            self.late.append(call)
        if fault in ("refused", "lost request", "late"):
            return "refused" if fault == "refused" else "lost"
        answer = self.kitsu.answer(call)
        return "lost" if fault == "lost answer" else answer

    def _note_end(self, ended: Ended, made: Made | None) -> None:
        self.now += 1
        if ended.failure is not None:
            # Nothing may be refused here but for want of the server.
            assert ended.failure.startswith(("ServerUnavailable", "ServerFault")), ended.failure
        if made is not None and ended.value is not None:
            made.save_id, path = ended.value
            made.path, made.ended = Path(path), self.now

    # what must be true in the end

    def teardown(self) -> None:
        if not hasattr(self, "folder"):
            return
        try:
            while self.frozen:
                self.thaw()
            while self.late:
                self.kitsu.answer(self.late.pop())
            self.kitsu.assigned = True
            for home in HOMES:
                self._settle(home)
            self._check_records()
            self._check_saves()
            self._check_files()
        finally:
            self.folder.cleanup()

    def _settle(self, home: str) -> None:
        ended = None
        for _ in range(_ROUNDS):
            ended = self._finish(self._begin_sync(home, None), None, {})
            assert ended is not None and ended.failure is None, ended
            if ended.value == (0, 0, 0):
                return
        raise AssertionError(f"{home}: still waiting after {_ROUNDS} syncs: {ended}")

    def _check_records(self) -> None:
        by_content = {made.sha256: made for made in self.saves}
        for name in NAMES:
            numbers = sorted(r["revision"] for r in self.kitsu.records if r["name"] == name)
            assert numbers == list(range(1, len(numbers) + 1)), (name, numbers)
        owners: Counter[str] = Counter()
        for record in self.kitsu.records:
            if record["comment"] == "theirs":
                assert self.kitsu.stored[record["id"]] == b"theirs"
                continue
            facts = (record["data"] or {}).get("workfiles", {})
            if facts.get("void"):
                continue
            if "sha256" not in facts:
                (mark,) = _MARK.findall(record["comment"])
                owners[mark] += 1
                continue
            content = self.kitsu.stored[record["id"]]
            made = by_content[facts["sha256"]]
            assert content == made.content
            assert (record["name"], record["comment"]) == (made.name, made.comment)
            owners[facts["save_id"].replace("-", "")[:16]] += 1
            owners[facts["sha256"]] += 1
        assert not [owner for owner, times in owners.items() if times > 1]

    def _check_saves(self) -> None:
        committed = {
            facts["save_id"]: (record, facts)
            for record in self.kitsu.records
            if (facts := (record["data"] or {}).get("workfiles", {})).get("sha256")
        }
        numbers: dict[int, int] = {}
        for made in self.saves:
            if made.save_id is None:
                continue
            assert made.save_id in committed, f"{made} was reported, and is lost"
            record, facts = committed[made.save_id]
            assert facts["sha256"] == made.sha256
            numbers[made.began] = record["revision"]
            for earlier in self.saves:
                before = earlier.ended is not None and earlier.ended < made.began
                if before and (earlier.home, earlier.name) == (made.home, made.name):
                    assert numbers[earlier.began] < record["revision"], (earlier, made)

    def _check_files(self) -> None:
        contents = {made.sha256 for made in self.saves}
        for record in self.kitsu.records:
            facts = (record["data"] or {}).get("workfiles", {})
            if "sha256" in facts:
                final = self.root / "workspace" / record["path"].lstrip("/")
                assert final.exists()
                if final not in self.written_over:
                    assert hashlib.sha256(final.read_bytes()).hexdigest() == facts["sha256"]
        left = [
            path
            for path in (self.root / "workspace").rglob("*")
            if path.is_file() and not _may_stay(path, contents, self.written_over)
        ]
        assert left == []


def _may_stay(path: Path, contents: set[str], written_over: set[Path]) -> bool:
    """Scenes stay, provisional ones too; of what is kept only claims for the next save."""
    if ".wf-spool" in path.parts:
        if path.suffix != ".json" or path.with_suffix(".blend").exists():
            return False
        sidecar = json.loads(path.read_text(encoding="utf-8"))
        return sidecar["state"] in ("planned", "claimed") and not sidecar["written"]
    if path in written_over:
        return True
    return path.suffix == ".blend" and hashlib.sha256(path.read_bytes()).hexdigest() in contents


@pytest.mark.skipif(not hasattr(os, "fork"), reason="makes its processes with fork()")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
class TestLifeOfASave(LifeOfASave.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(
        max_examples=int(os.environ.get("WF_LIVES") or 20),
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
