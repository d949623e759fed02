"""Reading ahead of who asks."""

from __future__ import annotations

import threading

import pytest

from wf_core.batch.ahead import Ahead
from wf_core.errors import PermissionDenied
from wf_core.models import WorkingFile

SECONDS = 10.0


class Server:
    """Answers once ``together`` requests have come in; counts them."""

    def __init__(self, *, together: int = 1) -> None:
        self.together = threading.Barrier(together, timeout=SECONDS)
        self.asked: list[str] = []

    def last_revisions(self, task_id: str) -> dict[str, WorkingFile]:
        self.asked.append(task_id)
        self.together.wait()
        if task_id == "secret":
            raise PermissionDenied("Not yours.")
        return {"main": WorkingFile(id=f"of {task_id}", name="main", revision=1)}


def test_when_tasks_are_read_ahead_then_several_requests_are_under_way_at_once() -> None:
    with Ahead(Server(together=3), ["a", "b", "c"], at_once=3) as ahead:
        assert [file.id for file in ahead.take("a") or []] == ["of a"]


def test_when_a_task_is_named_by_many_rows_then_it_is_read_and_taken_once() -> None:
    server = Server()
    with Ahead(server, ["a", "b", "a"], at_once=1) as ahead:
        assert ahead.take("a") is not None
        assert ahead.take("a") is None
        assert ahead.take("b") is not None
    assert sorted(server.asked) == ["a", "b"]


def test_when_one_task_cannot_be_read_then_all_of_its_rows_hear_of_it_and_no_others() -> None:
    with Ahead(Server(), ["secret", "b"], at_once=1) as ahead:
        for _row in range(2):
            with pytest.raises(PermissionDenied):
                ahead.take("secret")
        assert ahead.take("b") is not None


def test_when_nobody_asks_any_more_then_what_has_not_begun_is_left_out() -> None:
    server = Server(together=2)
    with Ahead(server, [str(number) for number in range(100)], at_once=1):
        threading.Timer(0.2, server.together.wait).start()
    assert server.asked == ["0"]
