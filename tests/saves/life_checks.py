"""What holds at the end of a life of saves: what design and documents promise.

Every save that was reported is there once, with its own bytes, in order, and says where it
comes from; numbers have no holes, and those given up say so; nothing is left over.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from lives import NAMES, Life

__all__ = ["check"]

_MARK = re.compile(r"\[wf:([0-9a-f]{16})\]\Z")

Record = dict[str, Any]


def check(life: Life) -> None:
    """Everything, of a life that is settled."""
    for name in NAMES:
        _check_numbers([record for record in life.kitsu.records if record["name"] == name])
    _check_records(life)
    _check_saves(life)
    _check_files(life)
    if not life.without_journal:
        assert life.kitsu.needless == [], "bytes were sent again without looking"


def _facts(record: Record) -> Record:
    facts: Record = (record["data"] or {}).get("workfiles", {})
    return facts


def _is_incomplete(record: Record) -> bool:
    return not _facts(record) and record["comment"] != "theirs"


def _check_numbers(records: list[Record]) -> None:
    numbers = sorted(record["revision"] for record in records)
    assert numbers == list(range(1, len(numbers) + 1)), f"a hole in {numbers}"
    incomplete = [record["revision"] for record in records if _is_incomplete(record)]
    # A claim that was given up waits for the next save while it is the highest.
    assert incomplete in ([], [len(numbers)]), f"{incomplete} of {numbers} never complete"


def _check_records(life: Life) -> None:
    by_content = {made.sha256: made for made in life.saves}
    owners: Counter[str] = Counter()
    for record in life.kitsu.records:
        facts = _facts(record)
        if record["comment"] == "theirs":
            assert life.kitsu.stored[record["id"]] == b"theirs"
        elif _is_incomplete(record):
            (mark,) = _MARK.findall(record["comment"])
            owners[mark] += 1
        elif facts.get("void"):
            assert not _MARK.search(record["comment"])
        else:
            made = by_content.get(facts.get("sha256", ""))
            assert made is not None, f"{record} is of no save's bytes"
            assert life.kitsu.stored[record["id"]] == made.content
            assert (record["name"], record["comment"]) == (made.name, made.comment)
            assert facts["size"] == len(made.content)
            owners[facts["save_id"].replace("-", "")[:16]] += 1
            owners[facts["sha256"]] += 1
    assert not [owner for owner, times in owners.items() if times > 1], "a save has two numbers"


def _check_saves(life: Life) -> None:
    committed = {
        _facts(record)["save_id"]: record
        for record in life.kitsu.records
        if "sha256" in _facts(record)
    }
    numbers: dict[str, int] = {}
    reported = [made for made in life.saves if made.save_id not in (None, *life.discarded)]
    for made in reported:
        assert made.save_id in committed, f"{made} was reported, and is lost"
        record = committed[made.save_id]
        assert _facts(record)["sha256"] == made.sha256
        assert made.save_id is not None
        numbers[made.save_id] = record["revision"]
    for made in reported:
        for earlier in reported:
            assert made.began is not None and earlier.ended is not None
            same_file = (earlier.home, earlier.name) == (made.home, made.name)
            if same_file and earlier.ended < made.began:
                assert numbers[str(earlier.save_id)] < numbers[str(made.save_id)], "order"
        base = str(made.base.save_id) if made.base else None
        if made.home not in life.without_journal and base not in life.discarded:
            expected = numbers[base] if base else None
            said = _facts(committed[str(made.save_id)])["base_revision"]
            assert said == expected, f"{made} comes from {expected}, and its record says {said}"


def _check_files(life: Life) -> None:
    contents = {made.sha256 for made in life.saves}
    for record in life.kitsu.records:
        facts = _facts(record)
        if "sha256" in facts:
            final = life.workspace / record["path"].lstrip("/")
            assert final.exists()
            if final not in life.written_over:
                assert hashlib.sha256(final.read_bytes()).hexdigest() == facts["sha256"]
    left = [
        path
        for path in life.workspace.rglob("*")
        if path.is_file() and not _may_stay(path, contents, life.written_over)
    ]
    assert left == [], f"left over: {left}"


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
