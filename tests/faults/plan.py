"""What happens when, written down before anything starts, all of it from one seed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

__all__ = ["EVENTS", "NAMES", "TASKS", "WEATHERS", "Event", "Order", "Plan", "Weather", "make_plan"]

TASKS = 3
NAMES = ("main", "main", "main", "cache")
"""Most saves go to one name of few tasks: they have to compete for its numbers."""

_SMALLEST, _LARGEST = 2**10, 2**23  # bytes of a scene

EVENTS: dict[str, float] = {
    "kill uploader": 6.0,
    "kill everything of a home": 1.0,
    "freeze a process": 4.0,
    "restart the server": 0.7,
    "kill the server": 0.5,
    "restart the database": 0.5,
    "journal deleted": 0.4,
    "journal overwritten": 0.5,
    "journal truncated": 0.5,
    "journal deleted in use": 0.5,
    "disk full": 2.0,
    "unassigned": 3.0,
    "scene overwritten": 5.0,
    "scene replaced": 4.0,
    "kept copy overwritten": 1.0,
    "foreign file": 1.5,
    "network down": 1.2,
}
"""How often each happens, per minute on the average."""

WEATHERS: dict[str, dict[str, float]] = {
    "calm": {"pass": 1.0},
    "unsteady": {
        "pass": 60,
        "delay": 10,
        "slow": 6,
        "cut request": 6,
        "cut answer": 6,
        "hold answer": 2,
        "late request": 2,
        "refuse": 4,
        "502": 2,
        "503": 2,
    },
    "slow": {"pass": 20, "delay": 40, "slow": 40},
    "cutting": {
        "pass": 50,
        "cut request": 14,
        "cut answer": 22,
        "cut half answer": 6,
        "refuse": 8,
    },
    "late": {"pass": 55, "hold answer": 14, "late request": 16, "cut answer": 15},
    "broken": {"pass": 45, "502": 14, "503": 14, "504 served": 14, "hang": 3, "refuse": 10},
}
"""What becomes of a request: kinds of fault by weight (see ``proxy``)."""


@dataclass(frozen=True)
class Order:
    """One command of one player. Times are seconds after the command was started.

    Attributes:
        number: unique; names the scene's bytes.
        kind: ``save``, ``sync`` or ``status``.
        task: index of the task.
        size: bytes of the scene.
        wait: False for ``--no-wait``.
        kill: when to kill the command, None to let it end.
        freeze: when to stop it and for how long, None not to.
    """

    number: int
    kind: str
    task: int = 0
    name: str = "main"
    size: int = 0
    wait: bool = True
    kill: float | None = None
    freeze: tuple[float, float] | None = None


@dataclass(frozen=True)
class Event:
    """One attack.

    Attributes:
        at: seconds after the start.
        kind: a key of ``EVENTS``.
        home: index of the home it is aimed at.
        task: index of the task it is aimed at.
        seconds: how long it lasts, where it lasts.
        pick: which of the candidates there are at that moment, 0.0 to 1.0.
    """

    at: float
    kind: str
    home: int
    task: int
    seconds: float
    pick: float


@dataclass(frozen=True)
class Weather:
    """The network from ``at`` (seconds after the start) on."""

    at: float
    name: str


@dataclass(frozen=True)
class Plan:
    """Everything about a run that is decided before it.

    Attributes:
        seconds: how long the attacks go on.
        longest_hold: seconds an answer or a request is held back at most.
        weathers: in order of time.
        events: in order of time.
    """

    seed: int
    seconds: float
    longest_hold: float
    homes: int
    weathers: tuple[Weather, ...]
    events: tuple[Event, ...]

    def orders(self, home: int, lane: int) -> Iterator[Order]:
        """The commands of one lane of a home, without end; the same ones every time."""
        random = Random(f"{self.seed} orders {home} {lane}")
        first = (home * 10 + lane) * 100_000
        for number in range(first, first + 100_000):
            yield _order(number, random)

    def first_orders(self, home: int) -> Iterator[Order]:
        """What a home saves before the attacks begin: from then on it can work offline."""
        first = (home * 10 + 9) * 100_000
        for task in range(TASKS):
            yield Order(first + task, "save", task, size=4096 + task)


def make_plan(seed: int, *, seconds: float, homes: int) -> Plan:
    """The plan of a run of ``seconds`` with ``homes`` homes."""
    random = Random(f"{seed} plan")
    events = []
    for kind, per_minute in EVENTS.items():
        at = random.expovariate(per_minute / 60)
        while at < seconds:
            events.append(
                Event(
                    at=round(at, 2),
                    kind=kind,
                    home=random.randrange(homes),
                    task=random.randrange(TASKS),
                    seconds=round(random.uniform(1.0, 9.0), 2),
                    pick=random.random(),
                )
            )
            at += random.expovariate(per_minute / 60)
    return Plan(
        seed=seed,
        seconds=seconds,
        longest_hold=60.0 if seconds > 150 else 25.0,
        homes=homes,
        weathers=tuple(_weathers(random, seconds)),
        events=tuple(sorted(events, key=lambda event: (event.at, event.kind))),
    )


def _weathers(random: Random, seconds: float) -> Iterator[Weather]:
    at = 0.0
    while at < seconds:
        yield Weather(round(at, 2), random.choice(["unsteady", *WEATHERS]))
        at += random.uniform(3.0, 9.0)


def _order(number: int, random: Random) -> Order:
    kind = random.choices(["save", "sync", "status"], [90, 6, 4])[0]
    task, name = random.randrange(TASKS), random.choice(NAMES)
    size = round(math.exp(random.uniform(math.log(_SMALLEST), math.log(_LARGEST))))
    wait = random.random() < 0.6
    kill = round(random.uniform(0.1, 4.0), 3) if random.random() < 0.2 else None
    freeze = None
    if random.random() < 0.05:
        freeze = (round(random.uniform(0.2, 3.0), 3), round(random.uniform(2.0, 30.0), 2))
    return Order(number, kind, task, name, size, wait, kill, freeze)
