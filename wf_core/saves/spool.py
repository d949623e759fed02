"""Where the bytes of a save are kept apart until they are on the server.

The spool is a hidden folder on the volume of the scene's own root, so that a hard link
or a reflink can serve as the snapshot. Beside each spooled file lies a sidecar, a copy
of the journal's row: with it a save can be filed again when the journal is lost.
A second kind of sidecar, beside the final path, says whose that path is while the save
is under way.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from wf_core.disk.copying import fsync_folder, linked, rename_exclusive
from wf_core.disk.files import create_new, file_error, half_made, in_words, make_shared_folder
from wf_core.errors import PathError, PathTaken, WorkfilesError
from wf_core.saves.machine import machine_name
from wf_core.saves.row import SaveRow

__all__ = ["Spool", "refuse_if_taken", "release", "reserve", "reserved_by"]

_FOLDER = ".wf-spool"
_LIST = "spools.txt"
_MEASURED_SECONDS = 2.0


class Spool:
    """The spool folders of one journal.

    Args:
        home: WF_HOME, which keeps the list of all folders ever used.
        sidecars: whether kept bytes have sidecars; without, who loses the journal has to know
            from elsewhere what was saved.
    """

    def __init__(self, home: Path, *, sidecars: bool = True) -> None:
        self._list = home / _LIST
        self._sidecars = sidecars
        self._owner = _owner(home)
        self._measured = (float("-inf"), 0)
        self._known: dict[Path, tuple[int, int]] = {}
        self._with_links: set[Path] = set()

    def folder(self, root: Path) -> Path:
        """The user's spool folder under ``root``, made (mode 0700) when needed.

        Raises:
            PathError: something else, a symbolic link for one, is in its place.
            DiskFull: the list of all folders cannot be written.
        """
        folder = root / _FOLDER / self._owner
        known = self._known.get(folder)
        if known is not None and known == _identity(folder) and self._list.exists():
            return folder
        for part in (folder.parent, folder):
            try:
                if part is folder:
                    part.mkdir(mode=0o700)
                else:
                    make_shared_folder(part)
            except FileExistsError:
                pass
            except OSError as exc:
                raise PathError(
                    f"The folder {part} cannot be made: {exc.strerror}.",
                    hint="Make the workspace writable, or choose another one in the settings.",
                ) from exc
            if _identity(part) is None:
                raise PathError(
                    f"{part} is not a folder of its own, so nothing was saved there.",
                    hint="Remove what is in its place, then save again.",
                )
        _refuse_if_anothers(folder)
        self._note(folder)
        found = _identity(folder)
        if found is not None:
            self._known[folder] = found
        return folder

    def folders(self) -> list[Path]:
        """Every spool folder this user ever used on this machine that still exists."""
        try:
            lines = self._list.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [folder for folder in map(Path, dict.fromkeys(lines)) if folder.is_dir()]

    def size(self) -> int:
        """Bytes of all spooled files, linked snapshots included."""
        total = 0
        for folder in self.folders():
            for entry in os.scandir(folder):
                if not entry.name.endswith((".json", ".tmp")):
                    with contextlib.suppress(FileNotFoundError):  # sent and removed just now
                        total += entry.stat(follow_symlinks=False).st_size
        return total

    def has_room(self, size: int, *, limit: int) -> bool:
        """Whether ``size`` bytes more are not over ``limit``, and counts them as kept.

        A measure of the last seconds will do while it says so: who saves many scenes in a row does
        not look at each kept one for each of them.
        """
        at, kept = self._measured
        if time.monotonic() - at > _MEASURED_SECONDS or kept + size > limit:
            at, kept = time.monotonic(), self.size()
        if kept + size > limit:
            return False
        self._measured = at, kept + size
        return True

    def write_sidecar(self, row: SaveRow, *, durable: bool = True) -> None:
        """Put the row's sidecar on the disk beside its kept bytes, replacing an older one; a save
        that keeps none has no sidecar, nor has any of a spool without them.

        Args:
            row: what it says.
            durable: on the disk before this returns. Without, a loss of power may leave the
                older one.

        Raises:
            DiskFull, PathError: it cannot be written.
        """
        if not row.spool_path or not self._sidecars:
            return
        folder = Path(row.spool_path).parent
        target = folder / f"{row.save_id}.json"
        temporary = folder / f".{row.save_id}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        with in_words(target, writing=True):
            descriptor = os.open(temporary, flags, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(json.dumps(vars(row)).encode())
                stream.flush()
                if durable:
                    os.fsync(descriptor)
            temporary.replace(target)
        if durable:
            fsync_folder(folder)

    def seal(self, row: SaveRow) -> None:
        """Put what the folder says of the row's kept bytes on the disk: that they are there, and
        their sidecar. The bytes themselves are by now.

        Raises:
            DiskFull, PathError: as :meth:`write_sidecar`.
        """
        self.write_sidecar(row)
        if not self._sidecars and row.spool_path:
            fsync_folder(Path(row.spool_path).parent)

    def read_sidecars(self, *, known: Callable[[str], bool] = lambda _: False) -> list[SaveRow]:
        """The rows of all readable sidecars, oldest first; broken ones are passed over.

        Args:
            known: told a save_id, says whether its sidecar is not worth reading.
        """
        rows = [
            _read_sidecar(path)
            for folder in self.folders()
            for path in folder.glob("*.json")
            if not known(path.stem)
        ]
        return sorted((row for row in rows if row is not None), key=lambda row: row.seq)

    def read_sidecar(self, row: SaveRow) -> SaveRow | None:
        """What the row's own sidecar says, None when there is none that can be read."""
        if row.spool_path is None:
            return None
        return _read_sidecar(Path(row.spool_path).with_name(f"{row.save_id}.json"))

    def has_links(self, row: SaveRow) -> bool:
        """Whether the row's spooled file can be a hard link. Tried with names of the row's own,
        before it has one: who is killed over it leaves nothing that is not removed with the row.
        Once in each folder, if it has.
        """
        assert row.spool_path is not None
        kept = Path(row.spool_path)
        if kept.parent in self._with_links:
            return True
        self.drop_bytes(row)
        try:
            os.close(create_new(kept, mode=0o600))
            if not linked(kept, _tried_link(row)):
                return False
        except (OSError, WorkfilesError):
            return False
        finally:
            self.drop_bytes(row)
        self._with_links.add(kept.parent)
        return True

    def drop_bytes(self, row: SaveRow) -> None:
        """Remove the row's spooled file; its sidecar tells a lost journal of the claim."""
        if row.spool_path:
            Path(row.spool_path).unlink(missing_ok=True)
            _tried_link(row).unlink(missing_ok=True)

    def empty(self, row: SaveRow) -> None:
        """Remove the row's spooled file and sidecar; missing ones are no error."""
        self.drop_bytes(row)
        if row.spool_path:
            for name in (f"{row.save_id}.json", f".{row.save_id}.tmp"):
                Path(row.spool_path).with_name(name).unlink(missing_ok=True)

    def _note(self, folder: Path) -> None:
        if folder in self.folders():
            return
        with in_words(self._list, writing=True):
            self._list.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._list.open("a", encoding="utf-8") as stream:
                stream.write(f"{folder}\n")
                stream.flush()
                os.fsync(stream.fileno())


def _tried_link(row: SaveRow) -> Path:
    return Path(row.spool_path or "").with_name(f".{row.save_id}.link")


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells that a folder is still the one that was looked at, and lets in no others than
    then; None where there is none, or a symbolic link to one."""
    try:
        found = folder.lstat()
    except OSError:
        return None
    return (found.st_ino, found.st_mode) if stat.S_ISDIR(found.st_mode) else None


def _refuse_if_anothers(folder: Path) -> None:
    """Nobody else may have put the spool there, or be able to write to what is kept in it.

    Raises:
        PathError: somebody has.
    """
    if os.name != "posix":
        return
    found = folder.stat()
    # Network disks may give every file another owner than this account: then a folder made now
    # has that one, too.
    if found.st_uid != os.geteuid() and found.st_uid != _owner_of_new(folder.parent):
        raise PathError(
            f"{folder} belongs to another user, so nothing was saved there.",
            hint="Remove it (an administrator can), then save again.",
        )
    if found.st_mode & 0o022:
        with contextlib.suppress(OSError):
            folder.chmod(0o700)


def _owner_of_new(folder: Path) -> int:
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            return os.fstat(probe.fileno()).st_uid
    except OSError:
        return os.geteuid()


def _read_sidecar(path: Path) -> SaveRow | None:
    known = {f.name for f in fields(SaveRow)}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return SaveRow(**{key: value for key, value in values.items() if key in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def reserve(path: Path, save_id: str, *, but: Path | None = None) -> None:
    """Make ``path`` the place of this save, exclusively, before anything is written.

    Args:
        path: the place.
        save_id: the save.
        but: the one file that may be there already.

    Raises:
        PathTaken: a file is there already, or another save has reserved it.
        PathError, DiskFull: the folder cannot be made or written.
    """
    owner, half = _owner_file(path), _owner_file(path, half=save_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not there: nobody could tell whose an empty one is.
        with half.open("w", encoding="ascii") as stream:
            stream.write(save_id)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            rename_exclusive(half, owner)
        except PathTaken:
            half.unlink()
            if reserved_by(path) != save_id:
                raise PathTaken(
                    f"{path} is being written by another save, so it was left alone.",
                    hint=f"If no save is running there any more, remove {owner.name} beside it.",
                ) from None
    except OSError as exc:
        raise file_error(exc, path, writing=True) from exc
    try:
        refuse_if_taken(path, but=but)
    except PathTaken:
        owner.unlink(missing_ok=True)
        raise


def refuse_if_taken(path: Path, *, but: Path | None = None) -> None:
    """Refuse a path at which anything lies, a broken link included, ``but`` excepted.

    Raises:
        PathTaken: something does.
    """
    if os.path.lexists(path) and path != but:
        raise PathTaken(
            f"{path} already exists and was not made by this save, so it was left alone.",
            hint="Move that file away, or save it first: its work is not in Kitsu.",
        )


def reserved_by(path: Path) -> str | None:
    """The save that has reserved ``path``, or None."""
    try:
        return _owner_file(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def release(path: Path, save_id: str) -> None:
    """Take the reservation away, if it is this save's, and what this save left half made."""
    for leftover in (half_made(path, save_id), _owner_file(path, half=save_id)):
        leftover.unlink(missing_ok=True)
    if reserved_by(path) == save_id:
        _owner_file(path).unlink(missing_ok=True)


def _owner_file(path: Path, *, half: str = "") -> Path:
    """The sidecar that says whose ``path`` is; with ``half``, where that save makes it."""
    return path.with_name(f".{half or path.name}.wf")


def _owner(home: Path) -> str:
    """The name of a journal's spool folders: several journals may share a workspace, on one
    machine or on many, and none may take another's saves for its own."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):
        name = "user"
    readable = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    place = f"{machine_name()}\0{home.resolve()}"
    return f"{readable}-{hashlib.sha256(place.encode()).hexdigest()[:12]}"
