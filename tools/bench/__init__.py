"""The benchmark: this project against gazu and curl, on one server, in one run.

Run it with ``python3 build.py bench``. Each scenario is a module (``transfers``,
``contention``, ``listing``, ``startup``) that gives a :class:`~tools.bench.report.Section`.
What is timed runs in processes of its own (``run_*``), one after the other, the contestants in
turns; ``launch`` measures such a process from outside. Targets are shown beside what was
found and decide nothing: a benchmark that fails on a busy machine gets switched off.
"""
