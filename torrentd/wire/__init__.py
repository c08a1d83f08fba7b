"""Bytes to values and back. Nothing here decides anything, remembers more than a position, or touches a socket."""
