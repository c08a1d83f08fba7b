from __future__ import annotations

from torrentd.policy.peers.neighbours import (
    BURST,
    EVERY,
    HEARD_PER_SECOND,
    SINGLY,
    SPACING,
    LocalTurns,
    datagrams,
)


def _hashes(count: int) -> list[bytes]:
    return [number.to_bytes(20, "big") for number in range(count)]


def test_each_torrent_every_five_minutes() -> None:
    turns, active = LocalTurns(10), _hashes(3)
    assert turns.take(active, 0.0) == active
    assert turns.take(active, EVERY - 1) == []
    assert turns.take(active, EVERY) == active


def test_several_announcements_after_a_quiet_time_then_one_a_minute() -> None:
    turns, active = LocalTurns(1), _hashes(100)
    sent = [now for now in range(600) if turns.take(active, float(now))]
    assert sent[: int(BURST)] == list(range(int(BURST)))
    assert len(sent) <= BURST + 600 / SPACING
    assert turns.wait(600.0) <= SPACING


def test_the_new_first_then_who_waited_longest() -> None:
    turns = LocalTurns(2)
    one, two, three, new = _hashes(4)
    assert turns.take([one, two], 0.0) == [one, two]
    assert turns.take([one, two, three], 1.0) == [three]
    assert turns.take([one, two, three, new], EVERY + 1) == [new, one]
    assert turns.take([one, two, three, new], EVERY + 1) == [two, three]


def test_who_left_is_forgotten() -> None:
    turns = LocalTurns(5)
    one, two = _hashes(2)
    turns.take([one, two], 0.0)
    turns.take([two], 1.0)
    assert turns.take([one, two], 2.0) == [one]


def test_a_flood_is_not_read() -> None:
    turns = LocalTurns(5)
    assert sum(turns.may_read(0.001 * number) for number in range(10_000)) <= HEARD_PER_SECOND * 11
    assert turns.may_read(11.0)


def test_few_have_a_datagram_each() -> None:
    assert datagrams([]) == []
    assert datagrams(_hashes(SINGLY)) == [(info_hash,) for info_hash in _hashes(SINGLY)]
    assert datagrams(_hashes(SINGLY + 1)) == [tuple(_hashes(SINGLY + 1))]
