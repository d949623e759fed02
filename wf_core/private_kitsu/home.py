"""The folder a private Kitsu lives in: where everything is, and its secrets.

::

    HOME/
        kitsu.json      credentials, ports, secrets (mode 0600)
        processes.json  what was started, by pid, start time and boot
        lock            held while something changes here
        postgres/       the database
        redis/          sessions and caches
        zou/            gunicorn's settings, temporary files
        previews/       every uploaded file
        logs/
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wf_core.errors import InputError
from wf_core.private_kitsu import demo

__all__ = [
    "Home",
    "KitsuInfo",
    "Secrets",
    "default_home",
    "expanded",
    "user_data",
    "write_private",
]


@dataclass(frozen=True)
class KitsuInfo:
    """How to reach a running private Kitsu, and as whom.

    ``email`` and ``password`` are the administrator's; ``artist_*`` belong to a member of
    every demo production's team; ``artist2_*`` to another one. The passwords are those the
    accounts were made with: changing one in Kitsu does not change it here.
    """

    url: str
    email: str
    password: str = field(repr=False)
    artist_email: str
    artist_password: str = field(repr=False)
    artist2_email: str
    artist2_password: str = field(repr=False)
    productions: tuple[str, ...]
    home: str
    version: str

    def as_json(self) -> dict[str, Any]:
        """The value as a JSON-ready dictionary, passwords included."""
        return asdict(self) | {"productions": list(self.productions)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> KitsuInfo:
        """Read what :meth:`as_json` gave; unknown keys are ignored."""
        known = {key: document[key] for key in cls.__dataclass_fields__ if key in document}
        return cls(**known | {"productions": tuple(known.get("productions", ()))})


@dataclass(frozen=True)
class Secrets:
    """What a home is made with once and keeps: passwords, keys, and the last ports."""

    admin_password: str
    artist_password: str
    artist2_password: str
    database_password: str
    redis_password: str
    secret_key: str
    port: int = 0
    database_port: int = 0
    redis_port: int = 0

    @classmethod
    def new(cls) -> Secrets:
        return cls(
            admin_password=secrets.token_urlsafe(12),
            artist_password=secrets.token_urlsafe(12),
            artist2_password=secrets.token_urlsafe(12),
            database_password=secrets.token_urlsafe(24),
            redis_password=secrets.token_urlsafe(24),
            secret_key=secrets.token_urlsafe(48),
        )


class Home:
    """The paths of one private Kitsu, and its two JSON files."""

    def __init__(self, folder: Path) -> None:
        # Resolved, because command lines are searched for these paths later on.
        self.folder = expanded(folder).resolve()
        self.lock = self.folder / "lock"
        self.postgres = self.folder / "postgres"
        self.redis = self.folder / "redis"
        self.redis_conf = self.redis / "redis.conf"
        self.zou = self.folder / "zou"
        self.gunicorn_conf = self.zou / "gunicorn.conf.py"
        self.tmp = self.zou / "tmp"
        self.previews = self.folder / "previews"
        self.logs = self.folder / "logs"
        self.processes = self.folder / "processes.json"
        self._secrets = self.folder / "kitsu.json"

    def make(self) -> None:
        """Make the folders. Only their owner may look inside."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.redis, self.zou, self.tmp, self.previews, self.logs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def secrets(self) -> Secrets:
        """The secrets of this home, made now if there are none.

        Raises:
            InputError: the file is there and makes no sense.
        """
        found = self.read_secrets()
        if found is None:
            found = Secrets.new()
            self.write_secrets(found)
        return found

    def read_secrets(self) -> Secrets | None:
        """The secrets of this home, or None before the first start."""
        document = read_json(self._secrets)
        if document is None:
            return None
        try:
            return Secrets(
                **{key: document[key] for key in Secrets.__dataclass_fields__ if key in document}
            )
        except TypeError as exc:
            raise InputError(
                f"{self._secrets} is not complete; the accounts in the database cannot be known.",
                hint="Move the folder away and start again, or restore the file.",
            ) from exc

    def write_secrets(self, value: Secrets) -> None:
        write_private(self._secrets, json.dumps(asdict(value), indent=2))

    def info(self, version: str) -> KitsuInfo:
        """What a client needs, from the secrets on disk."""
        known = self.secrets()
        return KitsuInfo(
            url=f"http://127.0.0.1:{known.port}",
            email=demo.ADMIN.email,
            password=known.admin_password,
            artist_email=demo.ARTIST.email,
            artist_password=known.artist_password,
            artist2_email=demo.ARTIST2.email,
            artist2_password=known.artist2_password,
            productions=tuple(production["name"] for production in demo.PRODUCTIONS),
            home=str(self.folder),
            version=version,
        )


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None when there is no such file or it is not one.

    Raises:
        InputError: the file is there but cannot be read.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return None
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}.") from exc
    return document if isinstance(document, dict) else None


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read: whole or not at all."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    beside.replace(path)


def expanded(folder: Path) -> Path:
    """The folder, "~" at its beginning replaced by a home folder.

    Raises:
        InputError: it is that of somebody this system does not know.
    """
    try:
        return folder.expanduser()
    except RuntimeError as exc:
        raise InputError(
            f"{folder} begins with a home folder that is not known here.",
            hint="Write its whole path.",
        ) from exc


def user_data() -> Path:
    """Where this user's private Kitsus and their environment live: below WF_HOME when it
    is set, else in the user's data folder."""
    home = os.environ.get("WF_HOME")
    if home:
        return expanded(Path(home))
    # Imported late: the build script uses this package before platformdirs is installed.
    from platformdirs import user_data_path

    return user_data_path("kitsu-workfiles", appauthor=False)


def default_home() -> Path:
    """The home of the private Kitsu nobody named another one for."""
    return user_data() / "kitsu"
