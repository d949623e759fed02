"""A private Kitsu: a real API server on this machine, for tests, demos and freelancers.

It is Zou itself (the API server of Kitsu) on PostgreSQL and Redis, all three from Python
wheels in a virtual environment of their own, bound to loopback, started without root and
without containers::

    kitsu = PrivateKitsu(Path("~/kitsu").expanduser())
    info = kitsu.up(progress=print)
    ...
    kitsu.down()

Nothing here is imported by the rest of the core, and nothing of Zou's environment is
imported here: the two meet over processes and HTTP only.
"""

from wf_core.private_kitsu.environment import ZOU_VERSION
from wf_core.private_kitsu.home import KitsuInfo, default_home
from wf_core.private_kitsu.server import KitsuStatus, PrivateKitsu

__all__ = ["ZOU_VERSION", "KitsuInfo", "KitsuStatus", "PrivateKitsu", "default_home"]
