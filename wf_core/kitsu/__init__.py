"""Everything that speaks HTTP to a Kitsu server.

:class:`Session` is the connection, with its login, time-outs and errors.
"""

from wf_core.kitsu.deadline import Timeouts
from wf_core.kitsu.session import Session
from wf_core.kitsu.tokens import MemoryTokenStore, Tokens, TokenStore

__all__ = ["MemoryTokenStore", "Session", "Timeouts", "TokenStore", "Tokens"]
