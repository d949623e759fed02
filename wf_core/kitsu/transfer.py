"""The bytes of working files on their way to a Kitsu server and back.

What a caller needs of the transfers, in one place. Nothing in here repeats an upload or
decides what a failed one means: that takes knowledge of the save (:mod:`wf_core.saves`).
"""

from wf_core.kitsu.download import Downloaded, download
from wf_core.kitsu.fetch import Fetched, fetch_hash
from wf_core.kitsu.stored import Cancel, Progress, await_stored_length, stored_length
from wf_core.kitsu.upload import Uploaded, upload

__all__ = [
    "Cancel",
    "Downloaded",
    "Fetched",
    "Progress",
    "Uploaded",
    "await_stored_length",
    "download",
    "fetch_hash",
    "stored_length",
    "upload",
]
