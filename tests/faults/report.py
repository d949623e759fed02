"""The numbers of a run, in words and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.audit import Findings
from faults.plan import Plan
from faults.players import Ledger

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """One run.

    Attributes:
        network: faults of the network by (kind, step).
        attacks: everything else by kind.
        seconds: how long the run took with everything around it.
    """

    plan: Plan
    ledger: Ledger
    network: Counter[tuple[str, str]]
    requests: int
    attacks: Counter[str]
    failures: list[str]
    findings: Findings
    seconds: float

    @property
    def passed(self) -> bool:
        return not self.findings.problems

    @property
    def faults(self) -> int:
        return sum(self.network.values()) + sum(self.attacks.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.plan.seed,
            "attack_seconds": self.plan.seconds,
            "seconds": round(self.seconds, 1),
            "faults": self.faults,
            "requests": self.requests,
            "network": {f"{kind}: {step}": n for (kind, step), n in self._network()},
            "attacks": dict(sorted(self.attacks.items())),
            "commands": self._commands(),
            "saves": len(self.ledger.saves()),
            "outcomes": dict(sorted(self.findings.outcomes.items())),
            "numbers": dict(sorted(self.findings.numbers.items())),
            "bytes_hashed": self.findings.bytes_hashed,
            "not_carried_out": self.failures,
            "problems": self.findings.problems,
        }

    def text(self) -> str:
        """For people; ends with how to repeat the run when it failed."""
        lines = [
            f"seed {self.plan.seed}: {self.plan.seconds:.0f} s of attacks, "
            f"{self.seconds:.0f} s in all",
            f"{self.faults} faults in {self.requests} requests "
            f"and {len(self.ledger.saves())} saves",
            "",
            "faults of the network",
            *_table(self._by_kind()),
            "other attacks",
            *_table(self.attacks),
            "commands by exit code",
            *_table(Counter(self._commands())),
            "saves",
            *_table(self.findings.outcomes),
            "records",
            *_table(self.findings.numbers),
            f"{self.findings.bytes_hashed / 2**20:,.0f} MiB downloaded and hashed",
        ]
        lines += [f"not carried out: {failure}" for failure in self.failures]
        lines += ["", *(f"BROKEN: {problem}" for problem in self.findings.problems)]
        lines.append("every promise was kept" if self.passed else self._how_to_repeat())
        return "\n".join(lines)

    def write(self, folder: Path) -> None:
        """``report.json`` and ``report.txt``, beside the ledger."""
        text = json.dumps(self.as_json(), indent=2) + "\n"
        (folder / "report.json").write_text(text, encoding="utf-8")
        (folder / "report.txt").write_text(self.text() + "\n", encoding="utf-8")

    def _how_to_repeat(self) -> str:
        minutes = self.plan.seconds / 60
        return (
            f"{len(self.findings.problems)} promises were broken; to repeat: "
            f"python3 build.py torture --minutes {minutes:g} --seed {self.plan.seed}"
        )

    def _network(self) -> list[tuple[tuple[str, str], int]]:
        return sorted(self.network.items())

    def _by_kind(self) -> Counter[str]:
        kinds: Counter[str] = Counter()
        for (kind, _), number in self.network.items():
            kinds[kind] += number
        return kinds

    def _commands(self) -> dict[str, int]:
        counted: Counter[str] = Counter()
        for entry in self.ledger.entries:
            counted[f"{entry.order.kind}, exit {entry.code}"] += 1
        return dict(sorted(counted.items()))


def _table(counted: Counter[str]) -> list[str]:
    return [f"  {number:6d}  {name}" for name, number in sorted(counted.items())]
