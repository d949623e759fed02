"""The torture of the saves: real ``wf`` processes, a real Kitsu, and everything goes wrong.

::

    plan.py       what happens when, all of it from one number
    wire.py       HTTP as far as a proxy has to understand it
    proxy.py      the network between the players and the server, and its faults
    processes.py  finding, freezing and killing the players' processes
    players.py    people who save: a WF_HOME each, and a ledger of what they were told
    server.py     the private Kitsu, who may write to which task, restarts
    chaos.py      carries out the plan against disks, journals, processes, server
    audit.py      what must be true afterwards
    report.py     the numbers of a run, and how to repeat it
    frozen.py     an uploader stopped in the middle of a body, others beside it
    away.py       many saves while the server is taken away and brought back
    arranged.py   situations that tests of single faults need
    torture.py    one run from start to end (``python build.py torture``)

The plan is written before anything starts. What the operating system adds to it (who is
scheduled when) cannot be planned, so a seed makes the same attacks at the same moments, not
the same interleaving.
"""
