"""The account PostgreSQL runs as where it may not run as ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from wf_core.errors import InputError
from wf_core.private_kitsu.account import Account

NOBODY = Account(uid=65534, gid=65534)


def test_when_a_folder_above_is_closed_to_the_account_then_it_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "data").mkdir(parents=True)
    closed.chmod(0o700)

    with pytest.raises(InputError) as refused:
        NOBODY.check_enters(closed / "data")

    assert "cannot enter" in refused.value.message
    assert "WF_HOME" in refused.value.hint


def test_when_the_account_is_our_own_then_every_folder_of_ours_will_do(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    Account().check_enters(tmp_path)


def test_when_everybody_may_enter_then_the_account_may() -> None:
    NOBODY.check_enters(Path("/usr/bin"))
