"""The memory that a reactor turn reads into and sends from.

Fresh memory for each read costs more in page faults than everything that is done with the bytes afterwards, and a
buffer per peer would be 500 MiB for 500 peers. So there is one of each per reactor. Whoever runs on the reactor thread
may use them until it returns, and copies what must live longer.
"""

from __future__ import annotations

from typing import Final

RECEIVE: Final = 1024 * 1024
"""Bytes read from a socket at once: more than the largest message (a bitfield of 2^21 pieces is 256 KiB), so that a
read always has room behind an incomplete one; larger did not read faster."""

SERVE: Final = 512 * 1024
"""Bytes sent at once: 32 blocks of 16 KiB."""


class Buffers:
    """One receive and one serve buffer, shared by all peers of a reactor."""

    __slots__ = ("receive", "serve")

    def __init__(self, receive: int = RECEIVE, serve: int = SERVE) -> None:
        self.receive = memoryview(bytearray(receive))
        self.serve = memoryview(bytearray(serve))
