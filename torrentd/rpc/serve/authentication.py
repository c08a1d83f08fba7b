"""Who proves what: a token over TCP, the kernel's word on a unix socket.

A wrong token costs its sender nothing five times; after that each further one is answered later and later, counted per
source address (an IPv6 /64 is one source), so that guessing is slow. A right token is always served at once, whatever
was tried from the same address before.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import socket
import struct
from collections import OrderedDict
from collections.abc import Callable, Sequence

from torrentd.rpc.core.context import GUEST, OWNER, Context

FREE_FAILURES = 5
FIRST_DELAY = 0.5  # seconds; doubles with each further failure
MAX_DELAY = 8.0  # seconds; below the 10 s after which a connection that proved nothing is closed
FORGET_AFTER = 900  # seconds without a failure
MAX_SOURCES = 1024  # the oldest is forgotten first
ROOT = 0

_PEERCRED = struct.Struct("3i")  # pid, uid, gid


def shown(authorization: Sequence[bytes]) -> bytes | None:
    """The token in these `Authorization` headers, sent in one of two ways; None if there is none, or several."""
    if len(authorization) != 1:
        return None
    scheme, _, rest = authorization[0].partition(b" ")
    return rest.strip() if scheme.lower() == b"bearer" else _basic_password(scheme, rest)


def _basic_password(scheme: bytes, rest: bytes) -> bytes | None:
    if scheme.lower() != b"basic":
        return None
    try:
        _, colon, password = base64.b64decode(rest.strip(), validate=True).partition(b":")
    except binascii.Error:
        return None
    return password if colon else None


class Failures:
    """Wrong tokens by where they came from; bounded."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._sources: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def delay(self, host: str) -> float:
        """Count one failure from this address; the seconds its answer must wait."""
        now, source = self._seconds(), _source(host)
        count, last = self._sources.pop(source, (0, now))
        count = 1 if now - last > FORGET_AFTER else count + 1
        self._sources[source] = (count, now)
        if len(self._sources) > MAX_SOURCES:
            self._sources.popitem(last=False)
        if count <= FREE_FAILURES:
            return 0.0
        return min(FIRST_DELAY * 2.0 ** min(count - FREE_FAILURES - 1, 16), MAX_DELAY)


def _source(host: str) -> str:
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


def peer_context(connected: socket.socket, own_uid: int) -> Context:
    """The rights of whoever opened this unix connection. The file's mode has decided already that they may call."""
    _, uid, _ = peer_credentials(connected)
    return Context(f"uid {uid}", OWNER if uid in (ROOT, own_uid) else GUEST)


def peer_credentials(connected: socket.socket) -> tuple[int, int, int]:
    """(pid, uid, gid) of the other end of a unix connection, as they were when it was made."""
    raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size)
    pid, uid, gid = _PEERCRED.unpack(raw)
    return pid, uid, gid
