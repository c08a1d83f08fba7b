from __future__ import annotations

import random
from hashlib import sha1

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torrentd.model.errors import ProtocolError
from torrentd.swarm.fetching.download import (
    BUDGET,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    OUTSTANDING,
    PATIENCE,
    STALL,
    TIMEOUT,
    Download,
)
from torrentd.wire.peer.metadata import MAX_SIZE, PIECE, piece_count, piece_length

NEVER = float("inf")


def metadata(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def piece(data: bytes, number: int) -> bytes:
    return data[number * PIECE : (number + 1) * PIECE]


def answer(download: Download, key: int, number: int, data: bytes, now: float) -> bool:
    return download.received(key, number, len(data), piece(data, number), now)


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 5 * PIECE, 5 * PIECE + 7])
def test_one_source_is_enough(size):
    data = metadata(size)
    download = Download(sha1(data).digest())
    download.offered(1, size)
    asked = []
    now = 0.0
    while download.metadata is None:
        asks = download.due(now)
        assert asks and len(asks) <= OUTSTANDING
        for key, number in asks:
            asked.append(number)
            assert answer(download, key, number, data, now)
        now += 0.1
    assert download.metadata == data
    assert asked == list(range(piece_count(size)))
    assert download.progress == 1.0
    assert download.due(now) == [] and download.next_deadline() == NEVER


def test_several_are_asked_at_once_for_different_pieces():
    data = metadata(6 * PIECE)
    download = Download(sha1(data).digest())
    assert download.progress == 0
    for key in (1, 2, 3):
        download.offered(key, len(data))
    assert download.due(0) == [(1, 0), (1, 1), (2, 2), (2, 3), (3, 4), (3, 5)]
    assert download.due(0.1) == []
    answer(download, 2, 2, data, 0.2)
    assert download.progress == 1 / 6


def test_what_is_owed_for_long_is_asked_of_somebody_else():
    data = metadata(PIECE)
    download = Download(sha1(data).digest())
    for key in (1, 2, 3, 4, 5):
        download.offered(key, len(data))
    assert download.due(0) == [(1, 0)]
    assert download.next_deadline() == PATIENCE
    assert download.due(PATIENCE) == [(2, 0)]
    assert download.due(2 * PATIENCE) == [(3, 0)]
    assert download.due(3 * PATIENCE) == []  # three owe it
    assert answer(download, 2, 0, data, 10)
    assert download.metadata == data


def test_a_reject_is_a_pause_that_grows():
    data = metadata(PIECE)
    download = Download(sha1(data).digest())
    download.offered(1, len(data))
    now, pauses = 0.0, []
    for _ in range(6):
        assert download.due(now) == [(1, 0)]
        download.rejected(1, 0, now)
        assert download.due(now) == []
        pauses.append(download.next_deadline() - now)
        now = download.next_deadline()
    assert pauses == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    assert download.due(now) == [(1, 0)]
    assert answer(download, 1, 0, data, now)
    assert download.metadata == data


def test_a_reject_sends_the_piece_to_somebody_else_at_once():
    data = metadata(2 * PIECE)
    download = Download(sha1(data).digest())
    download.offered(1, len(data))
    assert download.due(0) == [(1, 0), (1, 1)]
    download.offered(2, len(data))
    download.rejected(1, 0, 1)
    assert download.due(1) == [(2, 0)]


def test_a_silent_source_is_left_alone_and_may_still_answer():
    data = metadata(3 * PIECE)
    download = Download(sha1(data).digest())
    download.offered(1, len(data))
    assert download.due(0) == [(1, 0), (1, 1)]
    assert download.due(TIMEOUT) == []
    assert download.next_deadline() == TIMEOUT + FIRST_PAUSE
    assert answer(download, 1, 0, data, TIMEOUT + 1)
    assert download.due(TIMEOUT + FIRST_PAUSE) == [(1, 1), (1, 2)]


def test_what_a_lost_source_gave_stays():
    data = metadata(3 * PIECE)
    download = Download(sha1(data).digest())
    download.offered(1, len(data))
    download.due(0)
    answer(download, 1, 0, data, 0)
    download.lost(1)
    assert download.due(1) == []
    assert download.next_deadline() == NEVER
    download.offered(2, len(data))
    assert download.due(2) == [(2, 1), (2, 2)]


class TestLies:
    @pytest.mark.parametrize("size", [MAX_SIZE + 1, 2**31, 2**32, 2**63 - 1])
    def test_a_size_that_is_not_fetched(self, size):
        with pytest.raises(ProtocolError, match="are fetched"):
            Download(bytes(20)).offered(1, size)

    def test_a_large_size_costs_nothing(self):
        download = Download(bytes(20))
        download.offered(1, MAX_SIZE)
        assert len(download.due(0)) == OUTSTANDING
        assert not any(copy.pieces for copy in download._copies.values())

    @pytest.mark.parametrize(("size", "data"), [(PIECE + 1, bytes(PIECE)), (PIECE, bytes(PIECE - 1)), (PIECE, b"")])
    def test_a_piece_that_cannot_be(self, size, data):
        download = Download(bytes(20))
        download.offered(1, PIECE)
        download.due(0)
        with pytest.raises(ProtocolError, match="not what it owes"):
            download.received(1, 0, size, data, 0)

    def test_what_nobody_asked_for_is_not_taken(self):
        data = metadata(3 * PIECE)
        download = Download(sha1(data).digest())
        assert not answer(download, 1, 0, data, 0)
        download.offered(1, len(data))
        download.due(0)
        assert not answer(download, 1, 2, data, 0)
        assert answer(download, 1, 0, data, 0)
        assert not answer(download, 1, 0, data, 0)
        assert download.progress == 1 / 3

    def test_who_alone_gave_all_of_it_is_a_liar(self):
        data = metadata(2 * PIECE)
        download = Download(sha1(data).digest())
        download.offered(1, len(data))
        for key, number in download.due(0):
            answer(download, key, number, bytes(len(data)), 0)
        assert download.take_liars() == [1] and download.take_liars() == []
        assert download.progress == 0
        download.offered(2, len(data))
        for key, number in download.due(1):
            answer(download, key, number, data, 1)
        assert download.metadata == data

    def test_among_several_the_liar_is_found(self):
        data = metadata(4 * PIECE)
        download = Download(sha1(data).digest())
        copies = {1: bytes(len(data)), 2: data, 3: data}
        for key in copies:
            download.offered(key, len(data))
        liars, now = [], 0.0
        while not liars:
            for key, number in download.due(now):
                if now == 0 or key == 1:  # afterwards everybody brings a copy, and the liar is the fastest
                    answer(download, key, number, copies[key], now)
            liars += download.take_liars()
            now += 0.1
        assert (download.metadata, liars) == (None, [1])
        for number in range(4):
            answer(download, 2, number, data, now)
            download.due(now)
        assert download.metadata == data

    def test_sizes_do_not_wait_for_each_other(self):
        data = metadata(2 * PIECE)
        download = Download(sha1(data).digest())
        for key in range(30):
            download.offered(key, 7)
        download.offered(99, len(data))
        asks = download.due(0)
        assert (99, 0) in asks and (99, 1) in asks
        answer(download, 99, 0, data, 0)
        answer(download, 99, 1, data, 0)
        assert download.metadata == data

    def test_memory_is_bounded_whatever_sizes_are_said(self):
        download = Download(bytes(20))
        for key in range(10):
            download.offered(key, MAX_SIZE - key)
        assert {key for key, _ in download.due(0)} == {8, 9}  # the two smallest
        for key, number in download.due(1):
            download.received(key, number, MAX_SIZE - key, bytes(PIECE), 1)
        assert sum(copy.size for copy in download._copies.values() if copy.active) <= BUDGET

    def test_a_copy_that_leads_nowhere_makes_way(self):
        data = metadata(2 * PIECE)
        download = Download(sha1(data).digest())
        now = 0.0
        for key in range(4):
            download.offered(key, MAX_SIZE // 2 - 1 - key)  # all in all as much as may be, and silent
        download.offered(7, MAX_SIZE // 2)
        assert 7 not in {key for key, _ in download.due(now)}
        while 7 not in {key for key, _ in download.due(now)}:
            assert now < 2 * STALL
            now = download.next_deadline()

    def test_the_copies_of_those_who_are_not_trusted_are_their_own(self):
        data = metadata(3 * PIECE)
        download = Download(sha1(data).digest())
        download.offered(1, len(data))
        download.offered(2, len(data))
        asks = download.due(0)
        while not download._mistrusted:
            for key, number in asks:
                answer(download, key, number, bytes(len(data)) if key == 1 else data, 0)
            asks = download.due(0)
        assert asks == [(1, 0), (1, 1), (2, 0), (2, 1)]
        answer(download, 2, 0, data, 0)
        download.lost(2)  # what it was to give alone is gone with it
        download.offered(2, len(data))
        assert download.due(0) == [(2, 0), (2, 1)]

    def test_who_changes_what_it_says_is_asked_anew(self):
        download = Download(bytes(20))
        download.offered(1, 7)
        assert download.due(0) == [(1, 0)]
        download.offered(1, 7)
        assert download.due(0) == []
        download.offered(1, PIECE + 1)
        assert download.due(0) == [(1, 0), (1, 1)]
        download.offered(1, None)
        assert download.due(0) == []


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 4), st.integers(1, 7 * PIECE))
def test_with_one_honest_source_it_always_comes(seed, rogues, size):
    """Whatever liars, rejecters, silent ones and deserters do: it comes, nobody honest is called a liar, and memory
    is bounded by what was received."""
    rng = random.Random(seed)
    data = metadata(size)
    download = Download(sha1(data).digest())
    honest = 100
    kinds = {key: rng.choice(["lie", "silent", "reject", "leave", "size"]) for key in range(rogues)}
    order = [*kinds, honest]
    rng.shuffle(order)
    for key in order:
        other = rng.randint(1, 9 * PIECE)
        download.offered(key, other if kinds.get(key) == "size" else size)
    liars: list[int] = []
    now, received, owed = 0.0, 0, []
    while download.metadata is None:
        assert now < 3600
        owed += [(now + rng.random() * 2, key, number) for key, number in download.due(now)]
        owed.sort()
        deadline = download.next_deadline()
        if not owed or deadline < owed[0][0]:
            assert deadline > now
            now = deadline
            continue
        now, key, number = owed.pop(0)
        kind = kinds.get(key, "honest")
        if kind == "honest":
            download.received(key, number, size, piece(data, number), now)
        elif kind == "lie":
            download.received(key, number, size, bytes(piece_length(size, number)), now)
        elif kind == "reject":
            download.rejected(key, number, now)
        elif kind == "leave":
            download.lost(key)
            download.offered(key, size)
        received += PIECE
        held = [part for copy in download._copies.values() for part in copy.pieces.values()]
        assert sum(map(len, held)) <= received
        liars += download.take_liars()
    assert download.metadata == data
    assert honest not in liars
    assert all(kinds[key] == "lie" for key in liars) or bytes(size) == data
