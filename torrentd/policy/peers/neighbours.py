"""When to announce which torrents on the local network (BEP 14).

Each torrent every five minutes; all together one announcement a minute, with some info hashes in it, so that a network
of many clients is not flooded. Who was never announced comes first, and need not wait for the minute to be over unless
several new ones have just been announced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from torrentd.policy.rates.tokens import Tokens

EVERY: Final = 300.0
"""Seconds between two announcements of a torrent."""

SPACING: Final = 60.0
"""Seconds between two announcements on average."""

BURST: Final = 4.0
"""Announcements that may follow each other after a quiet time: a user adds a torrent, sees it move, adds another."""

SINGLY: Final = 8
"""Torrents of one announcement that have a datagram each, if there are no more. Of several in one, aria2 reads the
first, and Transmission before 4.0 drops what is longer than two."""

HEARD_PER_SECOND: Final = 20.0
"""Announcements of others that are read; a network of hundreds of clients sends a few. The rest is dropped."""

LONG_AGO: Final = float("-inf")


class LocalTurns:
    """Who was announced when."""

    def __init__(self, most: int) -> None:
        self._most = most
        """info hashes of one announcement"""
        self._announced: dict[bytes, float] = {}
        self._announcements = Tokens(BURST, 1 / SPACING)
        self._heard = Tokens(HEARD_PER_SECOND, HEARD_PER_SECOND)

    def take(self, active: Iterable[bytes], now: float) -> list[bytes]:
        """What the next announcement has in it, of the torrents that are active now; empty: none is due, or not yet."""
        last = {info_hash: self._announced.get(info_hash, LONG_AGO) for info_hash in active}
        self._announced = {info_hash: at for info_hash, at in last.items() if at > LONG_AGO}
        due = sorted((at, info_hash) for info_hash, at in last.items() if at + EVERY <= now)[: self._most]
        if not due or not self._announcements.take(now):
            return []
        chosen = [info_hash for _, info_hash in due]
        self._announced.update(dict.fromkeys(chosen, now))
        return chosen

    def wait(self, now: float) -> float:
        """Seconds until the rate allows another announcement."""
        return self._announcements.wait(now)

    def may_read(self, now: float) -> bool:
        """Whether an announcement that came is read; see HEARD_PER_SECOND."""
        return self._heard.take(now)


def datagrams(chosen: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """What each datagram of an announcement has in it."""
    return [(info_hash,) for info_hash in chosen] if len(chosen) <= SINGLY else [tuple(chosen)]
