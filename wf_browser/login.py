"""Logging in: through the browser, or with e-mail, password and second factor."""

from __future__ import annotations

import threading
import webbrowser
from typing import TYPE_CHECKING

from wf_core.errors import Cancelled, SecondFactorNeeded

from .qt import QtCore, QtWidgets
from .widgets import columns, form, paragraph, rows

if TYPE_CHECKING:
    from wf_core.models import Person
    from wf_core.workfiles import Workfiles

    from .session import Session

__all__ = ["LoginPage"]

_CODES = (
    ("totp", "Authenticator app"),
    ("email_otp", "E-mail"),
    ("recovery_code", "Recovery code"),
)
_WIDEST = 460


class LoginPage(QtWidgets.QWidget):
    """The page that is shown while nobody is logged in. A password is forgotten as soon as it was
    sent; only tokens are kept."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._cancelled = threading.Event()
        self.server = QtWidgets.QLineEdit()
        self.server.setPlaceholderText("https://kitsu.example.com")
        self.browser = QtWidgets.QPushButton("Log In through the &Browser")
        self.cancel = QtWidgets.QPushButton("Cancel")
        self.email = QtWidgets.QLineEdit()
        self.password = QtWidgets.QLineEdit()
        self.password.setEchoMode(QtWidgets.QLineEdit.EchoMode.Password)
        self.kind = QtWidgets.QComboBox()
        for kind, label in _CODES:
            self.kind.addItem(label, kind)
        self.code = QtWidgets.QLineEdit()
        self.send = QtWidgets.QPushButton("Send the Code Again")
        self.log_in = QtWidgets.QPushButton("&Log In")
        self.message = paragraph()
        self._lay_out()
        self.browser.clicked.connect(lambda *_: self._through_browser())
        self.cancel.clicked.connect(lambda *_: self._cancelled.set())
        self.log_in.clicked.connect(lambda *_: self._with_password())
        self.send.clicked.connect(lambda *_: self._send_code())
        self.server.returnPressed.connect(self._through_browser)
        for field in (self.email, self.password, self.code):
            field.returnPressed.connect(self._with_password)
        self.kind.currentIndexChanged.connect(lambda _: self._show_send())
        session.account_changed.connect(self._show)
        self._set_waiting("")
        self._ask_for_code(False)

    def _lay_out(self) -> None:
        self._second = QtWidgets.QWidget()
        codes = form(("&From", self.kind), ("&Code", self.code))
        codes.addRow("", self.send)
        codes.setContentsMargins(0, 0, 0, 0)
        self._second.setLayout(codes)
        title = paragraph("Log in to Kitsu", bold=True)
        about = paragraph(
            "Single sign-on and second factors are asked for in the browser.", faint=True
        )
        other = paragraph("Or with e-mail and password:", faint=True)
        inside = QtWidgets.QWidget()
        inside.setMaximumWidth(_WIDEST)
        inside.setLayout(
            form(
                title,
                ("&Address", self.server),
                columns(self.browser, self.cancel, None),
                about,
                other,
                ("&E-mail", self.email),
                ("&Password", self.password),
                self._second,
                columns(self.log_in, None),
                self.message,
            )
        )
        self.setLayout(rows(None, columns(inside), None, margin=16))

    def _show(self) -> None:
        settings, problem = self._session.settings, self._session.problems.get("account")
        if settings is not None and settings.server and not self.server.text():
            self.server.setText(settings.server)
        if problem is not None and not self.message.text():
            self.message.setText(self._session.in_words(problem))

    def _set_waiting(self, text: str, *, for_browser: bool = False) -> None:
        self.message.setText(text)
        waits = bool(text)
        fields = (self.server, self.browser, self.email, self.password, self.code, self.log_in)
        for widget in fields:
            widget.setEnabled(not waits)
        self.cancel.setVisible(for_browser)
        if for_browser:
            self.cancel.setFocus()

    def _end(self, text: str) -> None:
        self._set_waiting("")
        self.message.setText(text)

    def _address(self) -> str:
        server = self.server.text().strip()
        if not server:
            self.message.setText("Type the address of your Kitsu, or of any of its pages.")
            self.server.setFocus()
        return server

    # through the browser

    def _through_browser(self) -> None:
        server = self._address()
        if not server:
            return
        self._cancelled = cancelled = threading.Event()
        self._set_waiting("Waiting for your answer in the browser…", for_browser=True)

        def work(tool: Workfiles) -> Person:
            return tool.login_with_browser(
                server, open_browser=webbrowser.open, cancel=cancelled.is_set
            )

        def failed(problem: Exception) -> None:
            self._end("" if isinstance(problem, Cancelled) else self._session.in_words(problem))
            if getattr(problem, "kind", "") == "browser_login_unavailable":
                self.email.setFocus()

        self._session.log_in(work, done=lambda: self._end(""), failed=failed, by_browser=True)

    def stop(self) -> None:
        """Wait for the browser no longer."""
        self._cancelled.set()

    # with a password

    def _with_password(self) -> None:
        server, email, password = self._address(), self.email.text().strip(), self.password.text()
        if not server:
            return
        if not email or not password:
            self.message.setText("Type your e-mail address and your password.")
            (self.password if email else self.email).setFocus()
            return
        code = self.code.text().strip()
        codes = {str(self.kind.currentData()): code} if code else {}
        self._set_waiting("Logging in…")

        def work(tool: Workfiles) -> Person:
            return tool.login(server, email=email, password=password, **codes)

        def done() -> None:
            self.password.clear()
            self._ask_for_code(False)
            self._end("")

        def failed(problem: Exception) -> None:
            self._end(self._session.in_words(problem))
            self.code.clear()
            if isinstance(problem, SecondFactorNeeded):
                self._begin_second(problem)
            else:
                self.password.selectAll()
                (self.code if self._second.isVisible() else self.password).setFocus()

        self._session.log_in(work, done=done, failed=failed)

    def _begin_second(self, needed: SecondFactorNeeded) -> None:
        usable = [kind for kind in needed.kinds if kind in dict(_CODES)]
        if not usable:
            return  # such as a key that only a browser can ask for; the message says so
        self._ask_for_code(True)
        self.kind.setCurrentIndex(self.kind.findData(usable[0]))
        if usable[0] == "email_otp":
            self._send_code()

    def _ask_for_code(self, wanted: bool) -> None:
        self._second.setVisible(wanted)
        self.code.clear()
        self._show_send()
        if wanted:
            self.code.setFocus()

    def _show_send(self) -> None:
        self.send.setVisible(self.kind.currentData() == "email_otp")

    def _send_code(self) -> None:
        server, email = self._address(), self.email.text().strip()
        self._session.do(
            lambda tool: tool.send_email_code(server, email=email),
            done=lambda _: self.message.setText("Kitsu has sent a code by e-mail."),
            failed=lambda problem: self.message.setText(self._session.in_words(problem)),
        )

    def focus_first(self) -> None:
        """Take the keyboard where something is to be typed or pressed first."""
        (self.browser if self.server.text() else self.server).setFocus(
            QtCore.Qt.FocusReason.OtherFocusReason
        )
