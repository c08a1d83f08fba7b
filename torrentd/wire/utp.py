"""uTP (BEP 29), as far as saying that it is not spoken here.

Most clients dial by uTP first and by TCP once that has failed. Silence makes them wait: libtorrent for three seconds
and then one more before it dials again. A RESET tells them at once.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

_HEADER: Final = Struct(">BBHIIIHH")
"""type and version, extension, connection id, timestamp, its difference, window, sequence number, acknowledged one"""

_SYN: Final = 0x41
"""type 4, version 1: somebody dials"""

_RESET: Final = 0x31
"""type 3, version 1: there is no such connection"""


def refusal(datagram: bytes) -> bytes | None:
    """The RESET for a SYN; None for everything else. It is never longer than what it answers, so that a forged source
    gains nothing, and is not answered itself."""
    if len(datagram) < _HEADER.size or datagram[0] != _SYN:
        return None
    _, _, connection, _, _, _, sequence, _ = _HEADER.unpack_from(datagram)
    return _HEADER.pack(_RESET, 0, connection, 0, 0, 0, 0, sequence)
