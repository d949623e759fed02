"""What a person does next, by the names it has on the buttons of the applications.

Texts of the core name no command: most who read them have buttons. Where the ``wf`` command shows
such a text, it puts its own commands in the place of the names (:func:`as_commands`).
"""

from __future__ import annotations

__all__ = [
    "ANOTHER_PLACE",
    "ANOTHER_REVISION",
    "DISCARD",
    "GIVE_THE_CODE",
    "LOG_IN",
    "LOG_IN_BY_EMAIL",
    "RETRY",
    "SAVE_ELSEWHERE",
    "SENT_LATER",
    "UPLOADS",
    "as_commands",
]

RETRY = "“Retry”"
DISCARD = "“Discard”"
LOG_IN = "“Log In”"
LOG_IN_BY_EMAIL = "your e-mail address and password"
UPLOADS = "the list of uploads"
SAVE_ELSEWHERE = f"Save its scene again to the right task, then {DISCARD}."
"""For a save whose task is not there. Only a terminal can name another task for it."""
SENT_LATER = "It is sent with the next save."
GIVE_THE_CODE = "Give the code, or a recovery code."
ANOTHER_PLACE = "another place"
ANOTHER_REVISION = "Another revision may be whole."

_COMMANDS = {
    SAVE_ELSEWHERE: "“wf retry {save_id} --task TASK” files it under the right task.",
    RETRY: "“wf retry {save_id}”",
    DISCARD: "“wf discard {save_id}”",
    LOG_IN: "“wf login”",
    LOG_IN_BY_EMAIL: "“wf login URL --email YOU@STUDIO”",
    UPLOADS: "“wf status”",
    SENT_LATER: "“wf sync” sends it.",
    GIVE_THE_CODE: "Give the code with --otp, or a recovery code with --recovery-code.",
    ANOTHER_PLACE: "another place with --to",
    ANOTHER_REVISION: "“wf verify TASK --deep” looks at all revisions; another one may be whole.",
}


def as_commands(text: str, *, save_id: str = "SAVE_ID") -> str:
    """The text for somebody with a terminal.

    >>> as_commands(f"{RETRY} sends it.", save_id="3f9a2c01-77aa-4e5b-9d2e-1c0f6b8a4d33")
    '“wf retry 3f9a2c01” sends it.'

    Args:
        text: of an error, or what :class:`wf_core.results.PendingSave` says to do.
        save_id: of the save it is about.
    """
    for name, command in _COMMANDS.items():
        text = text.replace(name, command.format(save_id=save_id[:8]))
    return text
