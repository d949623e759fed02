"""The address of a server, as people paste it and as the session needs it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from wf_core.errors import UsageError
from wf_core.steps import LOG_IN

__all__ = [
    "api_candidates",
    "host_of",
    "is_among",
    "is_loopback",
    "normalise_server",
    "same_origin",
]

# First parts of the addresses of pages in Kitsu's web interface (its src/router/routes.js).
_PAGES = frozenset(
    {
        "all-tasks",
        "app-login",
        "asset-library",
        "asset-types",
        "backgrounds",
        "bots",
        "custom-actions",
        "departments",
        "entity-chats",
        "entity-search",
        "first-connection",
        "hardware-items",
        "login",
        "logs",
        "main-schedule",
        "my-checks",
        "my-tasks",
        "new-production",
        "news-feed",
        "notifications",
        "open-productions",
        "people",
        "playlists",
        "plugins",
        "productions",
        "profile",
        "project-templates",
        "reset-change-password",
        "reset-password",
        "salary-scale",
        "server-down",
        "settings",
        "software-licenses",
        "status-automations",
        "studios",
        "task-status",
        "task-types",
        "team-schedule",
        "timesheets",
        "wrong-browser",
    }
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_loopback(host: str | None) -> bool:
    """Whether ``host`` is this machine by its name alone: localhost, 127.0.0.0/8 or ::1."""
    if not host:
        return False
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(address: str) -> str:
    """The host that ``address`` names, in lower case, without a port; "" when it names none."""
    text = address.strip()
    try:
        return (urlsplit(text if "://" in text else f"//{text}").hostname or "").lower()
    except ValueError:
        return ""


def is_among(server: str, hosts: Iterable[str]) -> bool:
    """Whether the host of ``server`` is one of ``hosts``, as people write those."""
    return host_of(server) in {host.strip().strip("[]").lower() for host in hosts}


def origin(address: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of ``address``, with the scheme's default port filled in."""
    parts = urlsplit(address)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(scheme)


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses agree in scheme, host and port."""
    return origin(one) == origin(other)


def split_address(address: str, *, allow_plain_http: bool) -> tuple[SplitResult, list[str]]:
    """``address`` taken apart: a valid web address without credentials, and its path's parts.

    Raises:
        UsageError: not a web address, carries credentials, or plain http that is not allowed.
    """
    text = address.strip()
    if text and "://" not in text:
        host = urlsplit(f"//{text}").hostname
        text = f"{'http' if is_loopback(host) else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if (
        not host
        or parts.scheme.lower() not in _DEFAULT_PORTS
        or any(char.isspace() or not char.isprintable() for char in text)
    ):
        raise UsageError(
            "That is not the address of a server.",
            hint="Give the address Kitsu has in the browser, like https://kitsu.example.com.",
        )
    if "@" in parts.netloc:
        raise UsageError(
            "The address of a server must not carry a user name or a password.",
            hint=f"Leave out everything before the @, and use {LOG_IN}.",
        )
    if parts.scheme.lower() == "http" and not (allow_plain_http or is_loopback(host)):
        raise UsageError(
            f"Plain http to {host} would show your login to everybody on the way.",
            hint=f"Use https://{parts.netloc}, or allow plain http for this server.",
        )
    return parts, [part for part in parts.path.split("/") if part]


def normalise_server(address: str, *, allow_plain_http: bool = False) -> str:
    """The API address meant by ``address``, without asking the server.

    ``https://kitsu.example.com/productions/...`` (a page) becomes
    ``https://kitsu.example.com/api``; an address without a page stays what it is, without a
    trailing slash. :func:`wf_core.kitsu.locate_server` asks the server where its API is.

    Raises:
        UsageError: see :func:`split_address`.
    """
    parts, path = split_address(address, allow_plain_http=allow_plain_http)
    if "api" in path:
        path = path[: path.index("api") + 1]
    else:
        for index, part in enumerate(path):
            if part in _PAGES:
                path = [*path[:index], "api"]
                break
    root = f"{parts.scheme.lower()}://{parts.netloc.lower()}"
    return "/".join([root, *path])


def api_candidates(address: str, *, allow_plain_http: bool = False) -> tuple[str, ...]:
    """Where the API may be, likeliest first.

    Raises:
        UsageError: see :func:`split_address`.
    """
    base = normalise_server(address, allow_plain_http=allow_plain_http)
    bare = base[: -len("/api")] if base.endswith("/api") else base
    root = "/".join(base.split("/")[:3])
    found = [f"{bare}/api", bare, f"{root}/api", root]
    return tuple(dict.fromkeys(found))
