"""Where a server's path lies on this machine, and back.

A production's paths on the server start at a mount point (``/simple/productions/...``,
``Z:/prods/...``) that each operating system has elsewhere, or that nobody has: without
any mount point for this system everything lives under one workspace folder. Values are
pure paths, so the rules of every system hold, and are tested, on every system::

    {"server": "/simple", "linux": "/mnt/prod", "windows": "P:\\\\", "macos": "/Volumes/prod"}

    /simple/productions/demo   on linux     /mnt/prod/productions/demo
                               on windows   P:\\productions\\demo
    Z:/prods/demo              no mounts    WORKSPACE/drive_z/prods/demo
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath, PurePosixPath, PureWindowsPath

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from wf_core.errors import PathError
from wf_core.paths.safety import System, check_component, check_local_length
from wf_core.paths.slugs import fold

__all__ = ["LocalPath", "MountPoint", "Mounts", "ServerPath", "this_system"]

_DRIVE = re.compile(r"([A-Za-z]):(?=[/\\]|$)")
_DRIVE_FOLDER = re.compile(r"drive_([a-z])")


def this_system() -> System:
    """The operating system this runs on; every other Unix counts as Linux."""
    if sys.platform == "win32":
        return "windows"
    return "macos" if sys.platform == "darwin" else "linux"


@dataclass(frozen=True)
class ServerPath:
    """A path as the file tree has it: an optional drive and its parts, checked.

    A path without a leading slash counts as absolute, repeated slashes as one. Backslashes
    separate where there is a drive or a leading double backslash.

    >>> str(ServerPath.parse("Z:\\\\prods/demo"))
    'Z:/prods/demo'
    """

    drive: str
    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> ServerPath:
        """Read a server path.

        Raises:
            PathError: a part leaves its folder, or is a name that some system refuses.
        """
        drive = _DRIVE.match(text)
        rest = text[drive.end() :] if drive else text
        if drive or text.startswith("\\\\"):
            rest = rest.replace("\\", "/")
        parts = tuple(part for part in rest.split("/") if part)
        for part in parts:
            check_component(part, within=text)
        return cls(f"{drive.group(1).upper()}:" if drive else "", parts)

    def __str__(self) -> str:
        return f"{self.drive}/{'/'.join(self.parts)}"

    @property
    def key(self) -> tuple[str, ...]:
        """What equal paths share; with a drive, case does not count."""
        parts = (self.drive, *self.parts)
        return tuple(map(fold, parts)) if self.drive else parts


@dataclass(frozen=True)
class LocalPath:
    """A path on this machine: the root that must not be left, and the parts below it."""

    root: PurePath
    parts: tuple[str, ...]

    @cached_property
    def path(self) -> PurePath:
        return self.root.joinpath(*self.parts)


class MountPoint(BaseModel):
    """A prefix of server paths, and where each operating system has it.

    Attributes:
        server: the prefix as the file tree writes it; whole components count.
        linux, windows, macos: absolute folder there; None where it is not mounted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    server: str
    linux: str | None = None
    windows: str | None = None
    macos: str | None = None

    @field_validator("server")
    @classmethod
    def _server_is_a_path(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("the server's side of a mount point is empty; write / for all")
        try:
            ServerPath.parse(value)
        except PathError as exc:
            raise ValueError(exc.message) from exc
        return value

    @model_validator(mode="after")
    def _folders_are_absolute(self) -> MountPoint:
        systems: tuple[System, ...] = ("linux", "windows", "macos")
        for system in systems:
            folder = self.local(system)
            if folder is not None and (not folder.is_absolute() or ".." in folder.parts):
                raise ValueError(f"“{folder}” is not an absolute folder on {system}")
        return self

    def local(self, system: System) -> PurePath | None:
        """The folder on ``system``, or None."""
        text: str | None = getattr(self, system)
        if not text:
            return None
        return _pure(f"{text}\\" if system == "windows" and _is_bare_drive(text) else text, system)


class Mounts:
    """The mount points of one machine, over one workspace folder.

    With no mount point for this system, every server path lives below the workspace. With
    some, a server path that none of them covers is an error: files in a folder that
    colleagues do not see would be worse.

    >>> mounts = Mounts([MountPoint(server="/simple", windows="P:")], system="windows")
    >>> str(mounts.to_local("/simple/productions/demo"))
    'P:\\\\productions\\\\demo'
    """

    def __init__(
        self,
        mount_points: Iterable[MountPoint] = (),
        *,
        workspace: str | PurePath | None = None,
        system: System | None = None,
    ) -> None:
        """Make the map for ``system`` (by default the one this runs on).

        Raises:
            PathError: two mount points share a prefix or a folder, or the workspace is not
                absolute.
        """
        self.system: System = system or this_system()
        self.workspace = None if workspace is None else _pure(str(workspace), self.system)
        if self.workspace is not None and not self.workspace.is_absolute():
            raise PathError(f"The workspace “{workspace}” is not an absolute folder.")
        self._mounts: list[tuple[ServerPath, PurePath]] = []
        for mount in mount_points:
            folder = mount.local(self.system)
            if folder is not None:
                self._add(ServerPath.parse(mount.server), folder)

    def to_local(self, server_path: str) -> PurePath:
        """The whole path on this machine; see :meth:`locate`."""
        return self.locate(server_path).path

    def locate(self, server_path: str) -> LocalPath:
        """Where ``server_path`` lies here.

        The mount point with the longest prefix wins.

        Raises:
            PathError: the path leaves its root, no mount point covers it, it is too long for
                this system, or two mount points lead to the same folder here.
        """
        server = ServerPath.parse(server_path)
        covering = [m for m in self._mounts if _below(server.key, m[0].key)]
        if covering:
            prefix, root = max(covering, key=lambda mount: len(mount[0].parts))
            parts = server.parts[len(prefix.parts) :]
        elif self._mounts:
            raise PathError(
                f"No mount point of this machine covers “{server}”; nothing was written.",
                hint=f"Add one for “{server.drive}/{''.join(server.parts[:1])}” to the settings.",
            )
        else:
            root, parts = self._workspace_root(), _workspace_parts(server)
        located = LocalPath(root, parts)
        check_local_length(located.path, system=self.system)
        back = self._server_of(located.path)
        if back.key != server.key:
            raise PathError(
                f"“{server}” and “{back}” would both be {located.path} on this machine; "
                "nothing was written.",
                hint="Correct the mount points in the settings: their folders overlap.",
            )
        return located

    def to_server(self, local_path: str | PurePath) -> str:
        """The server path of a path on this machine.

        The mount point with the longest folder wins. Case counts on Linux only.

        Raises:
            PathError: the path is below no mount point and not in the workspace, or has
                parts that no server path has.
        """
        local = _pure(str(local_path), self.system)
        found = self._server_of(local)
        for part in found.parts:
            check_component(part, within=str(local))
        return str(found)

    def _server_of(self, local: PurePath) -> ServerPath:
        """As :meth:`to_server`, of parts that are checked elsewhere."""
        key = self._local_key(local)
        covering = [m for m in self._mounts if _below(key, self._local_key(m[1]))]
        if covering:
            prefix, root = max(covering, key=lambda mount: len(mount[1].parts))
            parts = local.parts[len(root.parts) :]
            return ServerPath(prefix.drive, prefix.parts + parts)
        if (
            not self._mounts
            and self.workspace is not None
            and _below(key, self._local_key(self.workspace))
        ):
            return _from_workspace(local.parts[len(self.workspace.parts) :])
        raise PathError(
            f"{local} is not below {self._roots()}.",
            hint="Move the file there, or correct the mount points in the settings.",
        )

    def _add(self, server: ServerPath, folder: PurePath) -> None:
        for other_server, other_folder in self._mounts:
            if other_server.key == server.key:
                raise PathError(
                    f"Two mount points stand for “{server}” in the settings.",
                    hint="Remove one of them.",
                )
            if self._local_key(other_folder) == self._local_key(folder):
                raise PathError(
                    f"“{other_server}” and “{server}” have the same folder {folder}.",
                    hint="Give each mount point in the settings a folder of its own.",
                )
        self._mounts.append((server, folder))

    def _workspace_root(self) -> PurePath:
        if self.workspace is None:
            raise PathError(
                "There is neither a mount point for this system nor a workspace folder.",
                hint="Set a workspace folder in the settings.",
            )
        return self.workspace

    def _local_key(self, path: PurePath) -> tuple[str, ...]:
        return path.parts if self.system == "linux" else tuple(map(fold, path.parts))

    def _roots(self) -> str:
        roots = [str(root) for _, root in self._mounts] or [str(self.workspace)]
        return "any of the mount points " + ", ".join(roots) if self._mounts else roots[0]


def _pure(text: str, system: System) -> PurePath:
    return PureWindowsPath(text) if system == "windows" else PurePosixPath(text)


def _is_bare_drive(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z]:", text) is not None


def _below(key: tuple[str, ...], prefix: tuple[str, ...]) -> bool:
    return key[: len(prefix)] == prefix


def _workspace_parts(server: ServerPath) -> tuple[str, ...]:
    if server.drive:
        return (f"drive_{server.drive[0].lower()}", *server.parts)
    if server.parts and _DRIVE_FOLDER.fullmatch(fold(server.parts[0])):
        raise PathError(
            f"“{server}” starts with “{server.parts[0]}”, which stands for a drive in the "
            "workspace; nothing was written.",
            hint="Give the production's file tree another mount point, or add one in the settings.",
        )
    return server.parts


def _from_workspace(parts: tuple[str, ...]) -> ServerPath:
    drive = _DRIVE_FOLDER.fullmatch(fold(parts[0])) if parts else None
    if drive:
        return ServerPath(f"{drive.group(1).upper()}:", parts[1:])
    return ServerPath("", parts)
