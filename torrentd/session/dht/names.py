"""Names of nodes to addresses: those of the configuration, and those in a torrent's metainfo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from twisted.logger import Logger

from torrentd.model.address import Address
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from torrentd.net.trackers.resolver import Resolver

log = Logger()

MOST = 8
"""Names that are resolved of one list: a hostile torrent has a hundred."""


def resolve(resolver: Resolver, names: Sequence[tuple[str, int]], found: Callable[[tuple[Address, ...]], None]) -> None:
    """Call `found` for each name that resolves, with its addresses. What does not resolve is passed over."""
    for name, port in names[:MOST]:
        resolver.resolve(name).addCallback(_found, port, found).addErrback(_passed_over, name)


def split(text: str) -> tuple[str, int]:
    """`host:port` or `[address]:port` of the configuration, which has checked it."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _found(hosts: list[str], port: int, found: Callable[[tuple[Address, ...]], None]) -> None:
    found(tuple(Address(host, port) for host in hosts))


def _passed_over(failure: Failure, name: str) -> None:
    failure.trap(OSError)
    log.debug("DHT: {name}: {problem}", name=escape(name), problem=failure.getErrorMessage())
