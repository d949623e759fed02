"""The pictures of the browser in docs/images: real widgets over a real Kitsu.

    python3 build.py kitsu up --json > .wf/kitsu.json
    PYTHONPATH=tests .wf/envs/dev/bin/python -m tools.browser_pictures .wf/kitsu.json .wf/pictures

Makes two tasks in the production Demo of that Kitsu and saves some revisions of each. Takes every
page in light and in dark colours; look at all of them, and replace those that docs/images has.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from live_kitsu import FreshTask, LiveKitsu

from wf_browser.alone import FileDesk
from wf_browser.dialogs import CommentDialog, PublishDialog
from wf_browser.qt import QtCore, QtGui, QtWidgets
from wf_browser.saving import SaveDialog
from wf_browser.window import Browser
from wf_core.filehost import FileHost
from wf_core.private_kitsu import KitsuInfo
from wf_core.saves import uploader
from wf_core.settings import load
from wf_core.workfiles import SaveRequest, Workfiles

SAVES = (
    ("artist", "first blocking"),
    ("artist", "the shade is a lathe now, the foot has its bevels"),
    ("artist2", "topology cleaned, three poles moved under the shade where nobody sees them"),
    ("artist", "cable and switch"),
    ("artist", "UVs of the shade"),
)
ROLES = QtGui.QPalette.ColorRole


def main(arguments: list[str]) -> int:
    """Make them; 0 when all are there."""
    info, folder = Path(arguments[0]), Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    kitsu = LiveKitsu(KitsuInfo.from_json(json.loads(info.read_text(encoding="utf-8"))))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QtWidgets.QApplication(["pictures"])
    application.setStyle("Fusion")
    light = application.palette()
    uploader.start = lambda settings: False  # type: ignore[assignment]
    with tempfile.TemporaryDirectory(prefix="scenes-") as scratch:
        os.environ["WF_HOME"], os.environ["WF_WORKSPACE"] = f"{scratch}/home", f"{scratch}/work"
        for name, palette in (("", light), ("-dark", _dark(light))):
            number = int(time.time()) % 1000
            task = kitsu.fresh_task(asset=f"Lamp {number}", assign=("artist", "artist2"))
            _make_history(kitsu, task, Path(scratch))
            _log_in(kitsu, "artist")
            application.setPalette(palette)
            _take(folder, name, task, Path(scratch))
    return 0


def _log_in(kitsu: LiveKitsu, who: str) -> None:
    email, password = kitsu.credentials(who)
    with Workfiles(load()) as workfiles:
        workfiles.login(kitsu.url, email=email, password=password)


def _make_history(kitsu: LiveKitsu, task: FreshTask, scratch: Path) -> None:
    scene = scratch / "lamp.ma"
    for number, (who, comment) in enumerate(SAVES, 1):
        _log_in(kitsu, who)
        scene.write_bytes(os.urandom(3_000_000 + 700_000 * number))
        with Workfiles(load()) as workfiles:
            host = FileHost(scene, software="Maya")
            saved = workfiles.save(host, SaveRequest(task=task.id, comment=comment))
            _lamp(number).save(str(workfiles.picture_path(saved.save_id)))


def _lamp(number: int) -> QtGui.QImage:
    """A lamp that gets on."""
    image = QtGui.QImage(480, 270, QtGui.QImage.Format.Format_RGB32)
    image.fill(QtGui.QColor("#5d6b78"))
    painter = QtGui.QPainter(image)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(QtGui.QColor("#2f363d"))
    painter.drawRect(0, 220, 480, 50)
    painter.setBrush(QtGui.QColor("#c9ccd1"))
    painter.drawRoundedRect(190, 205, 100, 22, 8 * (number > 1), 8 * (number > 1))
    painter.drawRect(234, 110, 12, 100)
    shade = [QtCore.QPointF(x, y) for x, y in ((200, 40), (280, 40), (320, 120), (160, 120))]
    painter.setBrush(QtGui.QColor("#e8b04a" if number > 4 else "#c9ccd1"))
    painter.drawPolygon(QtGui.QPolygonF(shade))
    if number > 3:
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        painter.setPen(QtGui.QPen(QtGui.QColor("#1d2126"), 5))
        painter.drawArc(270, 190, 150, 60, 180 * 16, 180 * 16)
    painter.end()
    return image


def _dark(light: QtGui.QPalette) -> QtGui.QPalette:
    """Colours as Maya has them."""
    palette = QtGui.QPalette(light)
    colors = {
        ROLES.Window: "#444444",
        ROLES.WindowText: "#eeeeee",
        ROLES.Base: "#2b2b2b",
        ROLES.AlternateBase: "#303030",
        ROLES.Text: "#eeeeee",
        ROLES.Button: "#5d5d5d",
        ROLES.ButtonText: "#eeeeee",
        ROLES.Highlight: "#5285a6",
        ROLES.HighlightedText: "#ffffff",
        ROLES.PlaceholderText: "#9a9a9a",
        ROLES.ToolTipBase: "#2b2b2b",
        ROLES.ToolTipText: "#eeeeee",
    }
    for role, color in colors.items():
        palette.setColor(role, QtGui.QColor(color))
    for role in (ROLES.WindowText, ROLES.Text, ROLES.ButtonText):
        palette.setColor(QtGui.QPalette.ColorGroup.Disabled, role, QtGui.QColor("#8a8a8a"))
    return palette


def _wait(happened: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen in time")
        QtWidgets.QApplication.processEvents()
        time.sleep(0.01)


def _pause(seconds: float) -> None:
    until = time.monotonic() + seconds
    _wait(lambda: time.monotonic() > until)


def _take(folder: Path, name: str, task: FreshTask, scratch: Path) -> None:
    desk = FileDesk(load)
    browser = Browser(desk)
    browser.resize(900, 560)
    browser.show()
    session = browser.session
    _wait(lambda: session.tasks is not None)
    session.choose_task(task.id, task.reference)
    browser.tasks.search.setText("lamp")
    revisions = browser.revisions.list
    _wait(lambda: revisions.model().rowCount() >= len(SAVES))
    revisions.choose_first()
    _pause(1.5)  # for the pictures
    browser.grab().save(str(folder / f"browser-revisions{name}.png"))
    browser.resize(400, 680)
    _pause(0.3)
    browser.grab().save(str(folder / f"browser-narrow{name}.png"))
    browser.resize(900, 560)

    scene = scratch / "lamp.ma"
    scene.write_bytes(os.urandom(4_000_000))
    desk.choose_file(scene)
    opened = SaveDialog(session, (task.id, task.reference), browser)
    opened.open()
    _wait(opened.path.text)
    opened.comment.setPlainText("UVs of the foot")
    _pause(0.3)
    opened.grab().save(str(folder / f"browser-save{name}.png"))
    opened.save.click()
    _wait(lambda: session.pending)
    browser.uploads.list.choose_first()
    session.keeper.submit(lambda tool: tool.stop_upload(session.pending[0].save_id))
    browser.tabs.setCurrentWidget(browser.uploads)
    _pause(1.5)
    browser.notice.hide()
    browser.resize(620, 300)
    _pause(0.3)
    browser.grab().save(str(folder / f"browser-uploads{name}.png"))
    session.do(lambda tool: tool.discard(session.pending[0].save_id))
    _wait(lambda: not session.pending or session.look_at_queue())
    browser.notice.hide()
    browser.resize(560, 380)
    browser.tabs.setCurrentWidget(browser.settings)
    _pause(0.3)
    browser.grab().save(str(folder / f"browser-settings{name}.png"))
    browser.show_checks()
    _wait(lambda: session.checks is not None)
    _pause(0.3)
    browser.grab().save(str(folder / f"browser-checks{name}.png"))
    _wait(lambda: session.revisions is not None)
    revision = session.revisions.items[0]
    for kind, made in (("comment", CommentDialog), ("publish", PublishDialog)):
        shown = made(session, revision, browser)
        shown.open()
        _wait(shown.button.isEnabled)
        _pause(0.3)
        shown.grab().save(str(folder / f"browser-{kind}{name}.png"))
        shown.reject()
    browser.pages.setCurrentWidget(browser.login)
    browser.resize(480, 360)
    _pause(0.3)
    browser.grab().save(str(folder / f"browser-login{name}.png"))
    browser.stop()
    desk.stop()
    browser.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
