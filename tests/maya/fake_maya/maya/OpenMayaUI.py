"""The way from a name to the widget of that name."""

from __future__ import annotations

from .testing import current

__all__ = ["MQtUtil"]


class MQtUtil:
    @staticmethod
    def findControl(name: str) -> int | None:
        panel = current().panels.get(name)
        return panel.address if panel else None
