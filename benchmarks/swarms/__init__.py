"""Whole swarms under the simulator against the fluid limit, and what they cost in CPU.

cases      which swarms: how many leeches, which links, how many pieces
outcome    what is noted of one, and the limits it is measured against
report     the table
picture    the plot
__main__   `make bench-swarms`
"""
