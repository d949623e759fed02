"""A bot's settings, for tests with a scripted server: nobody has to log in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wf_core.settings import Settings, load


def settings_of_bot(url: str, tmp_path: Path, **profile: Any) -> Settings:
    """Settings for the server at ``url``, home and workspace below ``tmp_path``; the profile
    with what is given."""
    settings = load(
        {
            "WF_HOME": str(tmp_path / "home"),
            "WF_WORKSPACE": str(tmp_path / "workspace"),
            "WF_SERVER": url,
            "WF_TOKEN": "bot.token.secret",
        }
    )
    changed = settings.profile.model_copy(update=profile)
    return settings.model_copy(update={"profile": changed})
