"""``wf config``: show and change the settings of this user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wf_core.cli.options import JsonOption, session_of
from wf_core.errors import UsageError

if TYPE_CHECKING:
    from wf_core.cli.context import Session
    from wf_core.settings import Profile, Settings

__all__ = ["config"]


def config(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="The setting, for example workspace or mounts."),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="[VALUE]...", help="Its new value; several where it is a list."),
    ] = None,
    unset: Annotated[
        bool, typer.Option("--unset", help="Go back to the default of this setting.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the settings, or change one.

    A mount is written SERVER_PATH=FOLDER, where the folder is the one on this kind of system:
    wf config mounts /prods=/mnt/prods
    """
    session = session_of(context)
    if name is not None and (values or unset):
        _change(session, name, values or [], unset=unset)
        session.forget_settings()
    document = _document(session.settings)
    if name is not None:
        if name not in document:
            raise _unknown(name, document)
        document = {name: document[name]}
    session.output.result(
        document,
        lambda: session.output.pairs((key, _in_words(value)) for key, value in document.items()),
    )


def _change(session: Session, name: str, values: list[str], *, unset: bool) -> None:
    from wf_core.settings import Profile, expanded, forget, remember

    settings = session.settings
    fields = Profile.model_fields
    if name not in fields:
        raise _unknown(name, fields)
    if unset and values:
        raise UsageError("Give either a value or --unset.")
    if unset:
        forget(settings, name)
        return
    new: Any
    if name == "mounts":
        new = _mounts(settings.profile, values)
    elif isinstance(fields[name].get_default(), tuple):
        new = tuple(values)
    elif len(values) == 1:
        new = values[0]
    else:
        raise UsageError(f"The setting “{name}” has one value, not {len(values)}.")
    if name == "workspace":
        new = str(expanded(new))
    remember(settings, **{name: new})


def _mounts(profile: Profile, values: list[str]) -> list[dict[str, str]]:
    """The list of mount points that ``values`` describe for this kind of system. What the
    settings say for other systems stays."""
    from wf_core.settings import mounts_here

    folders = []
    for value in values:
        server, equals, folder = value.partition("=")
        if not equals or not server or not folder:
            raise UsageError(
                f"“{value}” is not a mount point.",
                hint="Write SERVER_PATH=FOLDER, for example /prods=/mnt/prods.",
            )
        folders.append((server, folder))
    return mounts_here(profile, folders)


def _document(settings: Settings) -> dict[str, Any]:
    profile = settings.profile.model_dump(mode="json")
    return {
        "home": str(settings.home),
        "profile": settings.profile_name,
        **profile,
        "workspace": str(settings.workspace),
    }


def _unknown(name: str, known: Any) -> UsageError:
    return UsageError(f"There is no setting “{name}”; there are: {', '.join(sorted(known))}.")


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        folders = [(system, folder) for system, folder in value.items() if system != "server"]
        local = ", ".join(f"{folder} ({system})" for system, folder in folders if folder)
        return f"{value.get('server')} = {local}"
    if isinstance(value, list):
        return "; ".join(_in_words(item) for item in value) or "none"
    return "not set" if value is None else str(value)
