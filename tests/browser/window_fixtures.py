"""What tests of the browser share: the window, off screen, and a real Kitsu on the other side."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import pytest
from cli.relay import Relay
from live_kitsu import LiveKitsu
from scripted_server import closed_port

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from browser.hands import until
from Qt import QtGui, QtWidgets

from tests.cli.running import end_uploaders
from wf_browser.alone import FileDesk
from wf_browser.window import Browser
from wf_core.settings import load
from wf_core.workfiles import Workfiles

ROOT = Path(__file__).resolve().parents[2]

OpenBrowser = Callable[..., Browser]


@pytest.fixture(scope="session")
def qt() -> QtWidgets.QApplication:
    """The one application of this process."""
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["tests"])
    application.setStyle("Fusion")  # the same wherever the tests run
    return application


@pytest.fixture(autouse=True)
def no_failure_in_a_slot(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a slot raises Qt only prints: here it fails the test."""
    raised: list[str] = []

    def note(
        kind: type[BaseException], problem: BaseException, trace: TracebackType | None
    ) -> None:
        raised.append("".join(traceback.format_exception(kind, problem, trace)))

    monkeypatch.setattr(sys, "excepthook", note)
    yield
    assert not raised, raised[0]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no server that is away: saves wait for their number."""
    monkeypatch.setattr("wf_browser.saving.patience_for", lambda _: 30.0)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is logged in, and the server is away: what needs none can be looked at."""
    monkeypatch.setenv("WF_SERVER", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("WF_TOKEN", "a token")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the system was asked to open, instead of its being opened."""
    found: list[str] = []

    def note(url: object) -> bool:
        found.append(url.toLocalFile() or url.toString())  # type: ignore[attr-defined]
        return True

    monkeypatch.setattr(QtGui.QDesktopServices, "openUrl", note)
    return found


@pytest.fixture
def open_browser(qt: QtWidgets.QApplication) -> Iterator[OpenBrowser]:
    """Opens the window of ``wf browse``; it is closed behind the test."""
    made: list[tuple[FileDesk, Browser]] = []

    def make(width: int = 980, height: int = 640) -> Browser:
        desk = FileDesk(load)
        browser = Browser(desk)
        made.append((desk, browser))
        browser.resize(width, height)
        browser.show()
        browser.activateWindow()
        return browser

    yield make
    for desk, browser in made:
        browser.close()
        browser.stop()
        desk.stop()
        for worker in (*browser.session.workers, desk._saver):
            worker.stop(wait=10)
        browser.deleteLater()
    qt.processEvents()


@pytest.fixture
def relay(kitsu: LiveKitsu) -> Iterator[Relay]:
    """Stands between the browser and the server, and can be taken away."""
    address = urlsplit(kitsu.url)
    with Relay((address.hostname or "", address.port or 0)) as relay:
        yield relay


def log_in(url: str, kitsu: LiveKitsu, who: str = "artist") -> None:
    """As somebody did before the browser was opened."""
    email, password = kitsu.credentials(who)
    with Workfiles(load()) as workfiles:
        workfiles.login(url, email=email, password=password)


@pytest.fixture
def browser(open_browser: OpenBrowser, kitsu: LiveKitsu) -> Iterator[Browser]:
    """The window of an artist who has logged in."""
    log_in(kitsu.url, kitsu)
    made = open_browser()
    until(lambda: made.session.tasks is not None, told=lambda: made.session.problems)
    yield made
    end_uploaders(load().home)


class SlowRelay:
    """A port in front of the server that can be made slow, in a process of its own: a thread
    in this one would keep Qt's thread waiting for Python."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tools.bench.slow_relay",
                str(address.hostname),
                str(address.port),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"

    def be(self, what: str, value: float) -> None:
        """``answer`` SECONDS or ``rate`` BYTES a second, from now on."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{what} {value}\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture
def slow_relay(kitsu: LiveKitsu) -> Iterator[SlowRelay]:
    relay = SlowRelay(kitsu.url)
    yield relay
    relay.close()
