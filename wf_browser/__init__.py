"""Tasks and revisions of Kitsu in a window: inside an application, or alone (``wf browse``).

Qt widgets over the core's facade. Nothing here imports an application: what the browser wants of
one is :class:`wf_browser.application.Application`. Qt is the one that the process has, through
Qt.py (:mod:`.qt`). No question to a server is asked on Qt's thread: see :mod:`.session`.
"""
