"""Keeping secrets out of logs and texts, and hostile text out of terminals."""

from __future__ import annotations

import logging
import re

__all__ = ["RedactSecrets", "plain_words", "redact"]

_HIDDEN = "[hidden]"
_SECRETS = (
    # A JSON web token: three base64url parts, the first two of them JSON objects ("{" is "ey").
    re.compile(r"\bey[A-Za-z0-9_-]{8,}\.ey[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(r"(?i)(?<=\bbearer )[^\s\"',;]+"),
    re.compile(
        r"(?i)(?<![a-z])(?:access_token|refresh_token|password|totp|email_otp|recovery_code"
        r"|code_verifier)[\"']?\s*[=:]\s*[\"']?(?P<secret>[^\s\"',;&}]+)"
    ),
    # User name and password in an address.
    re.compile(r"(?i)(?<=://)[^/\s@]+(?=@)"),
)
_COLORS = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")
_TAGS = re.compile(r"<(?:script|style)\b.*?</(?:script|style)\s*>|<[^<>]{1,500}>", re.I | re.S)


def redact(text: str) -> str:
    """``text`` with tokens, passwords and codes replaced by ``[hidden]``."""

    def hide(match: re.Match[str]) -> str:
        secret = match.groupdict().get("secret")
        return match.group().replace(secret, _HIDDEN) if secret else _HIDDEN

    for pattern in _SECRETS:
        text = pattern.sub(hide, text)
    return text


def plain_words(text: str, *, limit: int = 300) -> str:
    """A foreign text made safe to show: no markup, control characters or secrets, one line,
    at most ``limit`` characters."""
    text = _TAGS.sub(" ", _COLORS.sub("", text[: limit * 40]))
    text = "".join(char if char.isprintable() else " " for char in text)
    text = redact(" ".join(text.split()))
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


class RedactSecrets(logging.Filter):
    """A logging filter that hides secrets in every record that passes.

    Put it on handlers, so that the records of libraries pass it too.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True
