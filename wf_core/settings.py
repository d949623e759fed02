"""Settings: what a user or a studio decides, from files and the environment.

Read in this order, later wins: built-in defaults, the studio's file named by
``WF_STUDIO_SETTINGS``, the user's ``settings.json`` in WF_HOME, the environment
(``WF_SERVER``, ``WF_TOKEN``, ``WF_HOME``, ``WF_WORKSPACE``, ``WF_PROFILE``,
``WF_TIMEOUT``).

``settings.json``::

    {
      "profile": "studio",
      "profiles": {
        "studio": {
          "server": "https://kitsu.example.com/api",
          "workspace": "/mnt/work",
          "mounts": [{"server": "/prods", "linux": "/mnt/prods", "windows": "P:\\\\"}]
        }
      }
    }
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wf_core.disk.files import in_words
from wf_core.errors import UsageError
from wf_core.paths import MountPoint, this_system

__all__ = [
    "Profile",
    "Settings",
    "expanded",
    "forget",
    "home_folder",
    "load",
    "mounts_here",
    "remember",
    "this_system",
]

_FILE = "settings.json"


class Profile(BaseModel):
    """One server and how its productions lie on this machine.

    Attributes:
        server: API address of the Kitsu server; None until somebody logged in.
        workspace: folder under which everything lives that no mount point claims.
        mounts: server path prefixes and where each operating system has them.
        allow_plain_http: hosts that may be spoken to without TLS (loopback always may).
        offline_budget: seconds a save may wait for the server altogether before it goes on alone;
            for one answer it waits half as long.
        cache_seconds: how old task, tree and software records may be before a save asks
            the server again; a command asks for its task each time.
        spool_limit: bytes the spool may hold; a save over it is refused, nothing dropped.
        upload_connections: uploads in flight at the same time.
        timeout: seconds one request may take altogether; transfers of files may take longer,
            as long as bytes keep coming.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    server: str | None = None
    workspace: Path | None = None
    mounts: tuple[MountPoint, ...] = ()
    allow_plain_http: tuple[str, ...] = ()
    offline_budget: float = Field(default=10.0, gt=0)
    cache_seconds: float = Field(default=300.0, ge=0)
    spool_limit: int = Field(default=200 * 1024**3, gt=0)
    upload_connections: int = Field(default=3, ge=1, le=16)
    timeout: float = Field(default=60.0, gt=0)


class Settings(BaseModel):
    """The settings in force: the chosen profile, the folders, the bot's token.

    ``token`` is a secret: it is kept out of ``repr``.
    """

    model_config = ConfigDict(frozen=True)

    home: Path
    profile_name: str = "default"
    profile: Profile = Profile()
    token: str | None = Field(default=None, repr=False)

    @property
    def server(self) -> str | None:
        return self.profile.server

    @property
    def workspace(self) -> Path:
        """The workspace folder; by default ``Kitsu`` in the user's home folder."""
        return self.profile.workspace or expanded("~/Kitsu")

    @property
    def journal_path(self) -> Path:
        return self.home / "journal.db"

    @property
    def lock_folder(self) -> Path:
        return self.home / "locks"

    @property
    def log_folder(self) -> Path:
        return self.home / "logs"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force for this process.

    Args:
        environ: environment to read, the process's own by default.

    Raises:
        UsageError: a settings file is not readable, not JSON or has wrong values; nothing
            is changed.
    """
    env = os.environ if environ is None else environ
    home = home_folder(env)
    layers = [_read(Path(env["WF_STUDIO_SETTINGS"]))] if env.get("WF_STUDIO_SETTINGS") else []
    layers.append(_read(home / _FILE))
    name = env.get("WF_PROFILE") or next(
        (layer["profile"] for layer in reversed(layers) if "profile" in layer), "default"
    )
    values: dict[str, Any] = {}
    for layer in layers:
        values.update(layer.get("profiles", {}).get(name, {}))
    if env.get("WF_SERVER"):
        values["server"] = env["WF_SERVER"]
    if env.get("WF_WORKSPACE"):
        values["workspace"] = expanded(env["WF_WORKSPACE"])
    if env.get("WF_TIMEOUT"):
        values["timeout"] = env["WF_TIMEOUT"]
    try:
        profile = Profile.model_validate(values)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"The settings of profile “{name}” are wrong at “{where}”: {_said(first['msg'])}.",
            hint=f"Correct {home / _FILE} or the environment variable, then try again.",
        ) from exc
    return Settings(home=home, profile_name=name, profile=profile, token=env.get("WF_TOKEN"))


def remember(settings: Settings, **changes: Any) -> None:
    """Write ``changes`` (fields of :class:`Profile`) to the user's ``settings.json``.

    The file is replaced atomically; profiles and fields not named stay as they are.

    Raises:
        UsageError: the file on disk is broken (it is not overwritten), or a value is wrong.
        DiskFull, PathError: it cannot be written.
    """
    _change(settings, lambda profile: {**profile, **changes})


def forget(settings: Settings, name: str) -> None:
    """Take a field of :class:`Profile` out of the user's ``settings.json``: what the studio's
    file says counts again, or the default. Raises as :func:`remember`."""
    _change(settings, lambda profile: {key: value for key, value in profile.items() if key != name})


def _change(settings: Settings, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    target = settings.home / _FILE
    document = _read(target)
    document.setdefault("profile", settings.profile_name)
    profiles = document.setdefault("profiles", {})
    try:
        checked = Profile.model_validate(change(profiles.get(settings.profile_name, {})))
    except ValidationError as exc:
        raise UsageError(f"That setting is not valid: {_said(exc.errors()[0]['msg'])}.") from exc
    profiles[settings.profile_name] = checked.model_dump(mode="json", exclude_unset=True)
    temporary = target.with_name(f"{_FILE}.{os.getpid()}.tmp")
    with in_words(target, writing=True):
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)  # the journal will be in it
        temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        temporary.replace(target)


def _said(message: str) -> str:
    """What is wrong with a value, without pydantic's word for that."""
    return message.removeprefix("Value error, ").rstrip(".")


def mounts_here(profile: Profile, folders: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """The value of ``mounts`` for :func:`remember` that says where this kind of system has them.
    What the settings say for other systems stays.

    Args:
        profile: as it is.
        folders: pairs of a server path and the folder here; what is not among them is left out.
    """
    system, wanted = this_system(), dict(folders)
    mounts = []
    for mount in profile.mounts:
        known = mount.model_dump(mode="json", exclude_none=True)
        here = wanted.pop(mount.server, None)
        if here is None:
            known.pop(system, None)
        else:
            known[system] = here
        if len(known) > 1:  # some system has it
            mounts.append(known)
    return [*mounts, *({"server": server, system: here} for server, here in wanted.items())]


def home_folder(env: Mapping[str, str]) -> Path:
    """WF_HOME, or the user's data folder; reads no file. Raises as :func:`expanded`."""
    named = env.get("WF_HOME")
    return expanded(named or platformdirs.user_data_dir("kitsu-workfiles", appauthor=False))


def expanded(folder: str) -> Path:
    """A folder as people write it, made absolute; "~" is a home folder.

    Raises:
        UsageError: there is nothing, or "~" of somebody this system does not know.
    """
    if not folder.strip():
        raise UsageError("No folder was named.", hint="Write its whole path.")
    try:
        found = Path(folder).expanduser()
    except RuntimeError:
        found = Path(folder)
    if found.parts[:1] and found.parts[0].startswith("~"):
        raise UsageError(
            f"{folder} begins with a home folder that is not known here.",
            hint="Write its whole path, or set HOME.",
        )
    return found.absolute()


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as exc:
        raise UsageError(
            f"The settings file {path} cannot be read: {exc}.",
            hint="Correct or remove it; nothing was changed.",
        ) from exc
    found = document if isinstance(document, dict) else {"profiles": None}
    profiles = found.get("profiles", {})
    parts = profiles.values() if isinstance(profiles, dict) else [None]
    whole = all(isinstance(part, dict) for part in parts)
    if not whole or not isinstance(found.get("profile", ""), str):
        raise UsageError(f"The settings file {path} is not a JSON object with profiles.")
    return dict(found)
