"""Many scenes, many machines: a list of scenes saved as revisions, each exactly once.

A run is a folder that every machine of the run can reach. Its unit is a command that does some
of its rows and may be started, killed and started again by anything that can start a command.
"""
