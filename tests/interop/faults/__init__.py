"""Faults of the machine, of peers, of trackers and of ourselves, under a running daemon.

`peers` and `trackers` are scripted and count what they see; `running` starts the daemon with a fault in its world
(`injection`) or makes its system calls fail (`failing`); `claims` compares what it says with what is on the disk.
"""
