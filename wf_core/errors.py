"""Every error of the core, one tree, translated at one boundary.

::

    WorkfilesError                    exit code
    ├── UsageError                        2      a call or an argument makes no sense
    ├── AccessError                       3
    │   ├── NotLoggedIn                          no token, an expired or a broken one
    │   ├── LoginFailed                          wrong e-mail, password or code; account closed
    │   │   └── SecondFactorNeeded               the server wants a second factor: `.kinds`
    │   └── PermissionDenied                     logged in, but not allowed (403)
    ├── NotFound                          4      nothing there; `.suggestions` are the nearest names
    ├── InputError                        5      the input or the production's set-up is wrong
    │   ├── AmbiguousReference                   more than one match; `.candidates`
    │   ├── NoFileTree                           the production has no (usable) file tree
    │   ├── PathError                            a path or name that must not be used
    │   ├── PathTaken                            a file is there that this save did not create
    │   ├── FileUnreadable                       missing, empty, a directory, no permission
    │   ├── DiskFull                             no room (or over the spool's limit)
    │   ├── Behind                               somebody committed a later revision
    │   ├── Refused                              the server refuses for good (4xx)
    │   └── ProblemsFound                        a check found something: `.problems`
    ├── ServerError                       6
    │   ├── ServerUnavailable                    refused, no route, time-out, 429, 502, 503, 504
    │   ├── ServerFault                          500 and its kin: the request broke the server
    │   ├── BadAnswer                            not JSON, not the expected shape, endless
    │   └── IntegrityError                       stored or received bytes are not the right ones
    └── Cancelled                       130      stopped by the user; everything safe

A message says what happened and what is safe; `hint` says what to do next. Both are for
people and never contain a token. Exit codes are those of the ``wf`` command.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "AccessError",
    "AmbiguousReference",
    "BadAnswer",
    "Behind",
    "Cancelled",
    "DiskFull",
    "FileUnreadable",
    "InputError",
    "IntegrityError",
    "LoginFailed",
    "NoFileTree",
    "NotFound",
    "NotLoggedIn",
    "PathError",
    "PathTaken",
    "PermissionDenied",
    "ProblemsFound",
    "Refused",
    "SecondFactorNeeded",
    "ServerError",
    "ServerFault",
    "ServerUnavailable",
    "UsageError",
    "WorkfilesError",
    "said",
]


class WorkfilesError(Exception):
    """Base of all errors a user may meet.

    Attributes:
        kind: stable word for scripts (the ``kind`` of the JSON error document).
        exit_code: exit code of the ``wf`` command for this class.
        message: what happened, and what is safe, in one or two sentences.
        hint: what to do next; empty when the message says it all.
    """

    kind = "error"
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(WorkfilesError):
    kind = "usage"
    exit_code = 2


class AccessError(WorkfilesError):
    kind = "access"
    exit_code = 3


class NotLoggedIn(AccessError):
    kind = "not_logged_in"


class LoginFailed(AccessError):
    kind = "login_failed"


class SecondFactorNeeded(LoginFailed):
    """Raised when a login needs a second factor.

    Attributes:
        kinds: factors the account has enabled, the preferred one first
            (``"totp"``, ``"email_otp"``, ``"fido"``, ``"recovery_code"``).
    """

    kind = "second_factor_needed"

    def __init__(self, message: str, *, kinds: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kinds = tuple(kinds)


class PermissionDenied(AccessError):
    kind = "permission_denied"


class NotFound(WorkfilesError):
    """Nothing there. ``suggestions`` are the nearest names, best first."""

    kind = "not_found"
    exit_code = 4

    def __init__(self, message: str, *, suggestions: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.suggestions = tuple(suggestions)


class InputError(WorkfilesError):
    kind = "input"
    exit_code = 5


class AmbiguousReference(InputError):
    """More than one match. ``candidates`` are (label, UUID) pairs."""

    kind = "ambiguous"

    def __init__(
        self, message: str, *, candidates: Iterable[tuple[str, str]] = (), hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.candidates = tuple(candidates)


class NoFileTree(InputError):
    kind = "no_file_tree"


class PathError(InputError):
    kind = "path"


class PathTaken(InputError):
    kind = "path_taken"


class FileUnreadable(InputError):
    kind = "file_unreadable"


class DiskFull(InputError):
    kind = "disk_full"


class Behind(InputError):
    """Somebody committed a later revision.

    Attributes:
        later: who, when and with which comment (:class:`wf_core.results.LaterRevision`), or
            None where that is not known.
    """

    kind = "behind"

    def __init__(self, message: str, *, later: object | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.later = later


class Refused(InputError):
    """The server refuses this request for good.

    Attributes:
        status: the HTTP status, e.g. 400 or 413.
    """

    kind = "refused"

    def __init__(self, message: str, *, status: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class ProblemsFound(InputError):
    kind = "problems"

    def __init__(self, message: str, *, problems: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class ServerError(WorkfilesError):
    kind = "server"
    exit_code = 6


class ServerUnavailable(ServerError):
    """The server cannot be reached now; asking again later may succeed.

    Attributes:
        in_doubt: True when the request may have been, or may yet be, carried out
            (the answer was lost), False when it certainly was not.
        retry_after: seconds the server asked to wait, or None.
    """

    kind = "server_unavailable"

    def __init__(
        self,
        message: str,
        *,
        in_doubt: bool = True,
        retry_after: float | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.in_doubt = in_doubt
        self.retry_after = retry_after


class ServerFault(ServerError):
    kind = "server_fault"


class BadAnswer(ServerError):
    kind = "bad_answer"


class IntegrityError(ServerError):
    kind = "integrity"


class Cancelled(WorkfilesError):
    kind = "cancelled"
    exit_code = 130


def said(problem: Exception, *, details: str) -> str:
    """What went wrong and what to do, for people; of a bug, that it is one.

    Args:
        problem: any error, also of another tree that has ``message`` and ``hint``.
        details: where the details of a bug are, such as "Maya's Script Editor has the details."
    """
    message = getattr(problem, "message", None)
    if isinstance(message, str):
        return f"{message} {getattr(problem, 'hint', '')}".strip()
    return f"Something unforeseen went wrong ({type(problem).__name__}: {problem}). {details}"
