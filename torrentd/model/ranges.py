"""Many ranges of IP addresses, and whether a host is in one of them: sorted arrays and bisection."""

from __future__ import annotations

import ipaddress
import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

V4_PAIR = struct.Struct(">II")
"""First and last address of a range. As bytes, pairs sort by their first address."""

V6_PAIR = struct.Struct(">16s16s")

MAPPED = bytes(10) + b"\xff\xff"
"""How an IPv6 address begins that stands for an IPv4 address."""

RECENT = 4096
"""IPv6 addresses whose numbers are kept: reading one takes microseconds, and the same hosts come again."""


class Ranges:
    """Inclusive ranges, ascending, none touching another. IPv4 as numbers of 32 bits, IPv6 as big-endian bytes, which
    compare like the numbers. Never changed."""

    __slots__ = ("_low", "_top", "firsts", "firsts6", "lasts", "lasts6")

    def __init__(
        self,
        firsts: array[int] | None = None,
        lasts: array[int] | None = None,
        firsts6: tuple[bytes, ...] = (),
        lasts6: tuple[bytes, ...] = (),
    ) -> None:
        self.firsts = array("I") if firsts is None else firsts
        self.lasts = array("I") if lasts is None else lasts
        self.firsts6 = firsts6
        self.lasts6 = lasts6
        # Where it changes whether an address is in a range: within one at every second place. Of each place the lower
        # half, and where those of each /16 begin: that is little to search, and little to fetch from memory.
        bounds = [0] * (2 * len(self.firsts))
        bounds[::2] = self.firsts
        bounds[1::2] = [last + 1 for last in self.lasts]
        self._low = array("H", [bound & 0xFFFF for bound in bounds])
        self._top = array("I", [bisect_left(bounds, top << 16) for top in range((1 << 16) + 1)])

    @property
    def count(self) -> int:
        """How many ranges."""
        return len(self.firsts) + len(self.firsts6)

    def covers(self, host: str) -> bool:
        """Whether the host, an IP literal, is in one of them. IPv4-mapped IPv6 counts as its IPv4 address; what is no
        IP literal is in none."""
        try:
            a, b, c, d = host.split(".")
            top = FIRST[a] | SECOND[b]
            low = THIRD[c] | FOURTH[d]
        except (ValueError, KeyError):
            return self._covers6(host)
        return bisect_right(self._low, low, self._top[top], self._top[top + 1]) % 2 == 1

    def _covers6(self, host: str) -> bool:
        packed = _packed6(host)
        if packed.startswith(MAPPED):
            return self.covers(".".join(map(str, packed[len(MAPPED) :])))
        at = bisect_right(self.firsts6, packed)
        return at > 0 and packed <= self.lasts6[at - 1]


@lru_cache(RECENT)
def _packed6(host: str) -> bytes:
    """Empty for what is no IPv6 address: less than all of them."""
    try:
        return ipaddress.IPv6Address(host.partition("%")[0]).packed
    except ValueError:
        return b""


def _octets(shift: int) -> dict[str, int]:
    """The text of an octet -> its part of a number: reading digits takes three times as long."""
    return {str(octet): octet << shift for octet in range(256)}


FIRST, SECOND, THIRD, FOURTH = _octets(8), _octets(0), _octets(8), _octets(0)
"""The first two make the number of the /16, the others what is left."""


def merged(pairs: Iterable[bytes], pairs6: Iterable[bytes]) -> Ranges:
    """From ranges in any order that may overlap; each as V4_PAIR and V6_PAIR pack it."""
    firsts, lasts = array("I"), array("I")
    first, end = -1, -1
    for lower, upper in V4_PAIR.iter_unpack(b"".join(sorted(pairs))):
        if lower > end + 1 or first < 0:
            if first >= 0:
                firsts.append(first)
                lasts.append(end)
            first, end = lower, upper
        elif upper > end:
            end = upper
    if first >= 0:
        firsts.append(first)
        lasts.append(end)
    return Ranges(firsts, lasts, *_merged6(pairs6))


def _merged6(pairs: Iterable[bytes]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    found: list[tuple[bytes, bytes]] = []
    for first, last in V6_PAIR.iter_unpack(b"".join(sorted(pairs))):
        if found and first <= _next(found[-1][1]):
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return tuple(first for first, _ in found), tuple(last for _, last in found)


def _next(packed: bytes) -> bytes:
    """The address after it; of the last one itself."""
    return min(int.from_bytes(packed) + 1, (1 << 128) - 1).to_bytes(16)


def in_order(ranges: Ranges) -> bool:
    """Whether they are what `merged` would have made: for ranges that were stored."""
    return _ascend(ranges.firsts, ranges.lasts) and _ascend(ranges.firsts6, ranges.lasts6)


def _ascend(firsts: Sequence[Any], lasts: Sequence[Any]) -> bool:
    bounds: list[Any] = [bound for pair in zip(firsts, lasts, strict=True) for bound in pair]
    return all(lower <= upper for lower, upper in pairwise(bounds))
