"""Messages: callbacks by the name of their event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..testing import current

__all__ = ["MFnPlugin", "MMessage", "MSceneMessage"]


class MMessage:
    @staticmethod
    def removeCallback(id: int) -> None:
        if current().callbacks.pop(id, None) is None:
            raise RuntimeError("(kFailure): Unexpected Internal Failure")


class MSceneMessage(MMessage):
    kBeforeNew = "kBeforeNew"
    kAfterNew = "kAfterNew"
    kBeforeOpen = "kBeforeOpen"
    kAfterOpen = "kAfterOpen"
    kBeforeSave = "kBeforeSave"
    kAfterSave = "kAfterSave"
    kMayaExiting = "kMayaExiting"

    @staticmethod
    def addCallback(message: str, function: Callable[..., Any], clientData: Any = None) -> int:
        maya = current()
        maya.next_id += 1
        maya.callbacks[maya.next_id] = (message, function)
        return maya.next_id


class MFnPlugin:
    def __init__(self, plugin: object, vendor: str, version: str, apiVersion: str) -> None:
        current().log.append(f"plug-in {vendor} {version} {apiVersion}")
