"""One tracker, two address families.

A tracker knows a client under the address that an announce comes from. Who can be reached over IPv4 and IPv6 has to
announce over both, or is missing from the lists of those who have one family only (BEP 7).
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, DeferredList

GRACE: Final = 3.0
"""Seconds that the slower family has after the faster one answered: a broken IPv6 must not hold up every announce."""

Result = TypeVar("Result")


def families_of(hosts: Sequence[str], ours: Sequence[bool]) -> list[bool]:
    """Over which families (IPv6?) to announce to a tracker with these IP literals; `ours` are those on which we
    listen. If they have nothing in common, over what the tracker has: it may still name peers."""
    theirs = list(dict.fromkeys(":" in host for host in hosts))
    return [v6 for v6 in theirs if v6 in ours] or theirs[:1]


def of_family(hosts: Sequence[str], v6: bool | None) -> list[str]:
    """Those of the family, or all if there are none, or None is asked for."""
    return [host for host in hosts if v6 is None or (":" in host) == v6] or list(hosts)


async def ask_each(reactor: Any, requests: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """What the requests bring that succeed in time, the first in order first. If all fail, the error of the first."""
    if len(requests) == 1:
        return [await requests[0]]
    running = [Deferred.fromCoroutine(request) for request in requests]
    for one in running:
        one.addCallback(_hurry, reactor, [other for other in running if other is not one])
    results = await DeferredList(running, consumeErrors=True)
    brought = [result for succeeded, result in results if succeeded]
    if not brought:
        failure: Any = results[0][1]
        failure.raiseException()
    return brought


def _hurry(result: Result, reactor: Any, others: Sequence[Deferred[Any]]) -> Result:
    """Somebody answered: the others have a little time left."""
    for other in others:
        if not other.called:
            other.addTimeout(GRACE, reactor)
    return result
