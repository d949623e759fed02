"""What is asked of the operating system about files: exact copies, links, syncs, locks.

Standard library only. Errors leave as :mod:`wf_core.errors`, in words for people.
"""
