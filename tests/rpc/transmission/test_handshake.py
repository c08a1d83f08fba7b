from __future__ import annotations

import re
from random import Random

from twisted.internet.task import Clock

from torrentd.rpc.transmission.handshake import LIFETIME, SessionIds


def make() -> tuple[SessionIds, Clock]:
    clock = Clock()
    return SessionIds(clock.seconds, Random(1)), clock


def test_an_id() -> None:
    ids, _ = make()
    assert re.fullmatch(r"[0-9A-Za-z]{48}", ids.current)
    assert ids.known(ids.current.encode())
    assert not any(ids.known(wrong) for wrong in (b"", b"x", ids.current.encode()[:-1], "é".encode()))


def test_the_id_changes_and_the_last_one_is_still_good() -> None:
    ids, clock = make()
    first = ids.current
    clock.advance(LIFETIME - 1)
    assert ids.current == first
    clock.advance(1)
    second = ids.current
    assert second != first
    assert ids.known(first.encode()) and ids.known(second.encode())
    clock.advance(LIFETIME)
    assert not ids.known(first.encode())
    assert ids.known(second.encode())


def test_an_id_of_long_ago_is_forgotten_also_if_nobody_came_meanwhile() -> None:
    ids, clock = make()
    first = ids.current
    clock.advance(3 * LIFETIME)
    assert not ids.known(first.encode())


def test_ids_differ_between_daemons() -> None:
    clock = Clock()
    assert SessionIds(clock.seconds, Random(1)).current != SessionIds(clock.seconds, Random(2)).current
