"""What every test gets: an environment of its own, and a real Kitsu where it asks for one."""

from __future__ import annotations

import gc
import json
import os
import signal
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu

from wf_core.private_kitsu import KitsuInfo, PrivateKitsu
from wf_core.private_kitsu.locks import exclusive_or_none

ROOT = Path(__file__).resolve().parent.parent
LONGEST = ("test_torture.py", "test_server.py", "test_engines.py", "test_plain_rows.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kitsu-info",
        metavar="FILE",
        default=os.environ.get("WF_TEST_KITSU_INFO"),
        help="use the running Kitsu whose `kitsu up --json` was written to FILE "
        "(or to the one WF_TEST_KITSU_INFO names) instead of starting one",
    )


def pytest_configure() -> None:
    """Hear Ctrl-C: a process that a script has put into the background ignores it, and so does
    whatever it starts. Tests that press it would wait for ever."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among thousands of tests and their modules, neither while they are
    collected nor later: that took a tenth of a quick run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for the server needs the server: no test can forget its marker.

    Where tests run side by side, those of a file stay together, and so do those that need
    the older release: each of their servers is made once. The longest files come first, so
    that no worker is left alone with one at the end.
    """
    items.sort(key=lambda item: item.path.name not in LONGEST)
    for item in items:
        if "kitsu" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.server)
        if item.get_closest_marker("server"):
            parametrized = getattr(item, "callspec", None)
            old = parametrized is not None and parametrized.params.get("zou") == "old"
            item.add_marker(pytest.mark.xdist_group("old" if old else item.path.name))


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, journal and workspace of the test's own; nothing of the person running it."""
    for name in ("WF_SERVER", "WF_TOKEN", "WF_PROFILE", "WF_STUDIO_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WF_HOME", str(tmp_path / "wf_home"))
    monkeypatch.setenv("WF_WORKSPACE", str(tmp_path / "workspace"))


@pytest.fixture(scope="session")
def zou_env() -> Path:
    """The environment with Zou, made by the build script."""
    folder = Path(os.environ.get("WF_ZOU_ENV") or ROOT / ".wf" / "envs" / "zou")
    if not folder.is_dir():
        pytest.fail(
            f"There is no Zou in {folder}: run `python3 build.py test`, or give --kitsu-info.",
            pytrace=False,
        )
    return folder


@pytest.fixture(scope="session")
def kitsu(request: pytest.FixtureRequest) -> Iterator[LiveKitsu]:
    """A real Kitsu, as seeded at the start of the run, and shared by the run's tests: make
    fresh records instead of changing what is there."""
    given = request.config.getoption("--kitsu-info")
    if given:
        document = json.loads(Path(given).read_text(encoding="utf-8"))
        yield LiveKitsu(KitsuInfo.from_json(document))
        return
    zou = request.getfixturevalue("zou_env")
    with ExitStack() as held:
        server = PrivateKitsu(own_home(held), zou_env=zou, fast=True)
        try:
            yield LiveKitsu(server.reset())
        finally:
            server.down()


@pytest.fixture(scope="module")
def kitsu_home() -> Iterator[Path]:
    """A home for a Kitsu that one file of tests starts, stops and restarts as it likes."""
    with ExitStack() as held:
        yield own_home(held)


def own_home(held: ExitStack) -> Path:
    """A home no other run uses now. It stays: making one takes longer than resetting it."""
    base = Path(os.environ.get("WF_TEST_KITSU_HOME") or ROOT / ".wf" / "test-kitsu")
    for number in range(1, 100):
        folder = base / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        if held.enter_context(exclusive_or_none(folder / "in-use")):
            return folder
    pytest.fail(f"A hundred test runs at once below {base}?", pytrace=False)
