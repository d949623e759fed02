"""Logging in and out.

The operators are internal and not registered for undo: Blender writes the arguments of
registered ones into its Info editor, and keeps the last ones for the next call. A password
is in neither, nor in the file of preferences; it is forgotten once it was sent.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import EnumProperty, StringProperty

from wf_core.errors import Cancelled, SecondFactorNeeded

from . import refresh
from .classes import registering
from .session import OFFLINE, current
from .shown import redraw
from .telling import browse, failures_told, in_a_window, notify, own_operator, paragraph, said, tell

if TYPE_CHECKING:
    from wf_core.models import Person
    from wf_core.workfiles import Workfiles

__all__ = ["asked_again", "register", "unregister"]

_DIALOG_WIDTH = 420
_CODES = (
    ("totp", "Authenticator app", "The six digits an authenticator app shows"),
    ("email_otp", "E-mail", "The code Kitsu has sent by e-mail"),
    ("recovery_code", "Recovery code", "One of the codes kept for when everything else is lost"),
)


def _known_server() -> str:
    settings = current().shown.settings
    return (settings.server if settings else None) or ""


def _logged_in(person: Person) -> None:
    """On the main thread, after a login."""
    session = current()
    session.shown.login = None
    session.shown.problems.clear()
    session.shown.tasks = session.shown.facts = session.shown.revisions = None
    session.shown.person = person
    session.renew()
    session.shown.notice = f"Logged in as {person.display_name}."
    if not bpy.app.background:
        refresh.everything()
    redraw()


def _refuse_offline(operator: bpy.types.Operator) -> bool:
    current().notice_online_access()
    if current().offline:
        tell(operator, "ERROR", OFFLINE)
        return True
    return False


class WORKFILES_OT_login(bpy.types.Operator):  # noqa: N801
    """Log in to Kitsu with e-mail and password. Only tokens are kept, never the password"""

    bl_idname = "kitsu_workfiles.login"
    bl_label = "Log In"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    server: StringProperty(
        name="Server", description="Address of Kitsu, or of any of its pages", options={"SKIP_SAVE"}
    )
    email: StringProperty(name="E-mail", options={"SKIP_SAVE"})
    password: StringProperty(name="Password", subtype="PASSWORD", options={"SKIP_SAVE", "HIDDEN"})
    code: StringProperty(name="Code", options={"SKIP_SAVE", "HIDDEN"})
    code_kind: EnumProperty(name="From", items=_CODES, options={"SKIP_SAVE"})
    needs_code: bpy.props.BoolProperty(options={"SKIP_SAVE", "HIDDEN"})
    problem: StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        self.server = self.server or _known_server()
        return set(
            context.window_manager.invoke_props_dialog(
                self, width=_DIALOG_WIDTH, confirm_text="Log In"
            )
        )

    def draw(self, _: bpy.types.Context) -> None:
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        if self.problem:
            paragraph(column, self.problem, icon="ERROR", width=_DIALOG_WIDTH, alert=True)
            column.separator()
        column.prop(self, "server")
        column.prop(self, "email")
        column.prop(self, "password")
        if self.needs_code:
            column.separator()
            paragraph(
                column,
                "This account has a second factor. Type the password again, and the code.",
                icon="LOCKED",
                width=_DIALOG_WIDTH,
            )
            column.prop(self, "code_kind")
            column.prop(self, "code")

    @failures_told
    def execute(self, _: bpy.types.Context) -> set[str]:
        if _refuse_offline(self):
            return {"CANCELLED"}
        session = current()
        server, email, password = self.server.strip(), self.email.strip(), self.password
        codes = {self.code_kind: self.code.strip()} if self.code.strip() else {}
        self.password = self.code = ""
        session.shown.login = Login(server)

        def work(tool: Workfiles) -> Person:
            return tool.login(server, email=email, password=password, **codes)

        def failed(problem: Exception) -> None:
            session.shown.login = None
            if bpy.app.background:
                return
            redraw()
            with in_a_window():
                own_operator("login")(
                    "INVOKE_DEFAULT", server=server, email=email, **asked_again(problem, codes)
                )

        answer = session.looker.submit(work, done=_logged_in, failed=failed, topic="login")
        redraw()
        if bpy.app.background:
            session.wait(answer)
        return {"FINISHED"}


def asked_again(problem: Exception, codes: dict[str, str]) -> dict[str, Any]:
    """What the dialog is opened with once more: nobody types server and e-mail twice.

    Args:
        problem: why logging in did not work.
        codes: those that were tried, by where they are from.
    """
    if isinstance(problem, SecondFactorNeeded):
        kinds = [kind for kind in problem.kinds if kind in [code[0] for code in _CODES]]
        return {"needs_code": True, "code_kind": kinds[0] if kinds else "totp"}
    again: dict[str, Any] = {"problem": said(problem)}
    for kind in codes:
        again.update(needs_code=True, code_kind=kind)
    return again


class Login:
    """A login that is under way.

    Attributes:
        server: where.
        in_browser: it waits for a person's answer there, until it is ``cancelled``.
    """

    def __init__(self, server: str, *, in_browser: bool = False) -> None:
        self.server = server
        self.in_browser = in_browser
        self.cancelled = threading.Event()


class WORKFILES_OT_login_browser(bpy.types.Operator):  # noqa: N801
    """Log in through the browser: single sign-on and every second factor come with it"""

    bl_idname = "kitsu_workfiles.login_browser"
    bl_label = "Log In through the Browser"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    server: StringProperty(
        name="Server", description="Address of Kitsu, or of any of its pages", options={"SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        self.server = self.server or _known_server()
        return set(
            context.window_manager.invoke_props_dialog(
                self, width=_DIALOG_WIDTH, confirm_text="Open Browser"
            )
        )

    def draw(self, _: bpy.types.Context) -> None:
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(self, "server")

    def execute(self, _: bpy.types.Context) -> set[str]:
        if _refuse_offline(self):
            return {"CANCELLED"}
        session = current()
        login = session.shown.login = Login(self.server.strip(), in_browser=True)

        def work(tool: Workfiles) -> Person:
            return tool.login_with_browser(
                login.server, open_browser=browse, cancel=login.cancelled.is_set
            )

        def failed(problem: Exception) -> None:
            session.shown.login = None
            if getattr(problem, "kind", "") == "browser_login_unavailable":
                with in_a_window():
                    own_operator("login")("INVOKE_DEFAULT", server=login.server)
            elif not isinstance(problem, Cancelled):
                notify("Logging in failed", said(problem))
            redraw()

        session.fetcher.submit(work, done=_logged_in, failed=failed, topic="login")
        redraw()
        return {"FINISHED"}


class WORKFILES_OT_cancel_login(bpy.types.Operator):  # noqa: N801
    """Wait for the browser no longer"""

    bl_idname = "kitsu_workfiles.cancel_login"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    def execute(self, _: bpy.types.Context) -> set[str]:
        login = current().shown.login
        if login is not None:
            login.cancelled.set()
        return {"FINISHED"}


class WORKFILES_OT_logout(bpy.types.Operator):  # noqa: N801
    """Forget the login on this machine. Saves that wait stay safe, and wait for the next one"""

    bl_idname = "kitsu_workfiles.logout"
    bl_label = "Log Out"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    def execute(self, _: bpy.types.Context) -> set[str]:
        session = current()

        def done(_: object) -> None:
            shown = session.shown
            shown.person = shown.tasks = shown.facts = shown.revisions = shown.next = None
            session.renew()
            if not bpy.app.background:
                refresh.account()

        answer = session.looker.submit(lambda tool: tool.logout(), done=done, topic="login")
        if bpy.app.background:
            session.wait(answer)
        return {"FINISHED"}


_CLASSES = (
    WORKFILES_OT_login,
    WORKFILES_OT_login_browser,
    WORKFILES_OT_cancel_login,
    WORKFILES_OT_logout,
)

register, unregister = registering(_CLASSES)
