"""A blocklist of the size of the largest in use: read from text, unpacked at a start, and asked for hosts."""

from __future__ import annotations

import random

from benchmarks.micro.cost import Samples, Subject, repeated
from torrentd.model.ranges import Ranges
from torrentd.wire.blocklist import Parser, pack, unpack

HOSTS = 1000
WORLDS = {"ranges": (2_500, 250_000)}


def _text(ranges: int) -> bytes:
    """As P2P files look, all over the IPv4 addresses."""
    luck = random.Random(1)
    step = (1 << 32) // ranges
    lines = []
    for number in range(ranges):
        first = number * step + luck.randrange(step // 2)
        last = first + luck.randrange(step // 2)
        lines.append(f"Some Organisation, Inc. no {number}:{_host(first)}-{_host(last)}\n")
    return "".join(lines).encode()


def _host(number: int) -> str:
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def _read(text: bytes) -> Ranges:
    parser = Parser()
    parser.feed(text)
    return parser.finish()


def read(ranges: int) -> Samples:
    """Text to ranges that can be asked."""
    text = _text(ranges)
    return repeated(lambda: _read(text), ranges)


def started(ranges: int) -> Samples:
    """What the last run kept, to ranges that can be asked."""
    kept = pack(_read(_text(ranges)))
    return repeated(lambda: unpack(kept), ranges)


def asked(ranges: int) -> Samples:
    """Hosts all over the place, half of them in a range; none was asked for before."""
    found, luck = _read(_text(ranges)), random.Random(2)
    hosts = [_host(luck.randrange(1 << 32)) for _ in range(HOSTS)]

    def ask() -> None:
        for host in hosts:
            found.covers(host)

    return repeated(ask, HOSTS)


SUBJECTS = (
    Subject("blocklist: read", "range", read, WORLDS),
    Subject("blocklist: unpack", "range", started, WORLDS),
    Subject("blocklist: look up", "host", asked, WORLDS),
)
