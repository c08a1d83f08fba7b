"""Scripted peers: who speaks the protocol well enough to be accepted, and then does not play by it.

stranger    a host that accepts and dials, and does what its script says
scripts     corrupting, stalling, hanging up, talking nonsense
"""
