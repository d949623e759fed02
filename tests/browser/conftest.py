"""The browser as a person has it, off screen; see ``window_fixtures.py``."""

from __future__ import annotations

from browser.window_fixtures import (
    away,
    browser,
    no_failure_in_a_slot,
    open_browser,
    opened,
    patient,
    qt,
    relay,
    slow_relay,
)

__all__ = [
    "away",
    "browser",
    "no_failure_in_a_slot",
    "open_browser",
    "opened",
    "patient",
    "qt",
    "relay",
    "slow_relay",
]
