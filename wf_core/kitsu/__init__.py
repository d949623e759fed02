"""Everything that speaks HTTP to a Kitsu server.

:func:`connect` finds the server and gives a :class:`Session`: one connection, with its login,
time-outs and errors. :class:`KitsuClient` has the server's operations as typed methods over
it. :func:`find_task` turns what people write into a task. Transfers are in
``wf_core.kitsu.transfer``.

Importing this package costs next to nothing; each name loads its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wf_core.kitsu.account import (
        login,
        logout,
        send_email_code,
        token_seconds_left,
    )
    from wf_core.kitsu.browser_login import (
        BrowserLoginUnavailable,
        login_with_browser,
        offers_browser_login,
    )
    from wf_core.kitsu.client import KitsuClient
    from wf_core.kitsu.credentials import FileTokenStore
    from wf_core.kitsu.deadline import Timeouts
    from wf_core.kitsu.find import (
        find_production,
        find_task,
        find_task_id,
        is_named,
        told_task_id,
    )
    from wf_core.kitsu.locate import connect, locate_server, server_version
    from wf_core.kitsu.productions import ENTITY_KINDS
    from wf_core.kitsu.redact import RedactSecrets
    from wf_core.kitsu.session import Session
    from wf_core.kitsu.tokens import MemoryTokenStore, Tokens, TokenStore

_MODULES = {
    "BrowserLoginUnavailable": "browser_login",
    "FileTokenStore": "credentials",
    "ENTITY_KINDS": "productions",
    "KitsuClient": "client",
    "MemoryTokenStore": "tokens",
    "RedactSecrets": "redact",
    "Session": "session",
    "Timeouts": "deadline",
    "TokenStore": "tokens",
    "Tokens": "tokens",
    "connect": "locate",
    "find_production": "find",
    "find_task": "find",
    "find_task_id": "find",
    "is_named": "find",
    "locate_server": "locate",
    "login": "account",
    "login_with_browser": "browser_login",
    "logout": "account",
    "offers_browser_login": "browser_login",
    "send_email_code": "account",
    "server_version": "locate",
    "token_seconds_left": "account",
    "told_task_id": "find",
}

__all__ = [
    "ENTITY_KINDS",
    "BrowserLoginUnavailable",
    "FileTokenStore",
    "KitsuClient",
    "MemoryTokenStore",
    "RedactSecrets",
    "Session",
    "Timeouts",
    "TokenStore",
    "Tokens",
    "connect",
    "find_production",
    "find_task",
    "find_task_id",
    "is_named",
    "locate_server",
    "login",
    "login_with_browser",
    "logout",
    "offers_browser_login",
    "send_email_code",
    "server_version",
    "token_seconds_left",
    "told_task_id",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
