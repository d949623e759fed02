"""A stand-in for Maya, for tests on machines that have none. It is not Maya.

It is what this project uses of ``maya.cmds``, ``maya.api.OpenMaya``, ``maya.mel``, ``maya.utils``
and ``maya.standalone``, with a scene that is really written to and read from the disk. What it
knows of Maya comes from Autodesk's Commands Reference; what that leaves open is decided against
the plug-in (a failed save keeps the new name, a failed open loses the open scene).

It is strict: a command that is not here is no attribute, a flag that is not here raises, and
each flag that is here must be one of the published stubs' (``types-maya-strict``). Tests reach
what an artist would do, and what can go wrong, through :mod:`maya.testing`.
"""
