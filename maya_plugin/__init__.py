"""Working files for Kitsu, inside Maya: maya.cmds on one side, the core's facade on the other.

Importing this package touches nothing of Maya. :mod:`.host` is what the core sees of the
application, and :mod:`.calls` the one module that calls it.
"""
