"""Who may ask us; the choker's own rules are tested with it."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import arrives, closed, has, make, run, says, sent, served
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.policy.choking.slots import WORTH, YOUNG
from torrentd.swarm.commands import Command
from torrentd.swarm.events import Drained, Event, PeerClosed, PiecesVerified, Start
from torrentd.swarm.settings import Settings, Totals
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.messages import Choke, Interested, KeepAlive, Message, NotInterested, Request, Unchoke


def _chokes(messages: list[Message]) -> list[Message]:
    return [message for message in messages if isinstance(message, Choke | Unchoke)]


def _interested(*keys: int, at: float = 0.0) -> list[tuple[float, Event]]:
    return [(at, event) for key in keys for event in (arrives(key), says(key, Interested()))]


def test_a_free_slot_is_given_away_at_once() -> None:
    log = run(make(have=[0]), (0, Start()), *_interested(1, at=3.0))
    assert [at for at, command in log if _chokes(sent([(at, command)], 1))] == [3.0]


def test_no_more_slots_than_configured_and_the_next_in_line_gets_the_first_free_one() -> None:
    torrent = make(pieces=1, have=[0], settings=Settings(upload_slots=2), totals=Totals(downloaded=1))
    log = run(torrent, (0, Start()), *_interested(1, 2, 3), (5, PeerClosed(1, "")))
    assert [_chokes(sent(log, key)) for key in (1, 2, 3)] == [[Unchoke()]] * 3
    assert [at for at, command in log if _chokes(sent([(at, command)], 3))] == [5]


def test_an_initial_seed_lets_twice_as_many_ask() -> None:
    torrent = make(pieces=1, have=[0], settings=Settings(upload_slots=1))
    log = run(torrent, (0, Start()), *_interested(1, 2, 3))
    assert [_chokes(sent(log, key)) for key in (1, 2, 3)] == [[Unchoke()], [Unchoke()], []]


def _may_ask(torrent: TorrentState) -> int:
    return sum(not peer.am_choking for peer in torrent.peers.values())


@pytest.mark.parametrize(("pieces", "slots", "allowed"), [(1, 2, 2 * YOUNG), (5, 2, 5), (15, 1, 6)])
def test_a_leech_lets_as_many_ask_as_it_got_pieces_until_it_knows_its_link(
    pieces: int, slots: int, allowed: int
) -> None:
    got = Totals(downloaded=pieces * BLOCK)
    torrent = make(pieces=30, blocks=1, have=range(pieces), settings=Settings(upload_slots=slots), totals=got)
    run(torrent, (0, Start()), *_interested(*range(1, 10)))
    assert _may_ask(torrent) == allowed


def test_each_piece_lets_one_more_ask() -> None:
    torrent = make(pieces=30, blocks=1, have=range(4), settings=Settings(upload_slots=2), totals=Totals())
    run(torrent, (0, Start()), *_interested(*range(1, 10)), until=0)
    assert _may_ask(torrent) == 2 * YOUNG
    run(torrent, (0.01, PiecesVerified([4])), until=0.01)
    assert _may_ask(torrent) == 2 * YOUNG + 1


def test_who_has_nothing_lets_newcomers_ask_before_they_want_anything() -> None:
    torrent = make(pieces=30, blocks=1, settings=Settings(upload_slots=2))
    log = run(
        torrent,
        (0, Start()),
        *[step for key in (1, 2, 3) for step in ((0.0, arrives(key)), (0.0, says(key, has(30))))],
        until=0,
    )
    assert [_chokes(sent(log, key)) for key in (1, 2, 3)] == [[Unchoke()], [Unchoke()], []]
    run(torrent, (0.2, says(3, Interested())), until=0.2)
    assert _may_ask(torrent) == 3  # those who want nothing yet have no slot


@pytest.mark.parametrize(("flow", "allowed"), [(0, 3), (6.5 * WORTH * 10, 6), (600 * WORTH * 10, 9)])
def test_a_leech_lets_as_many_ask_as_its_link_feeds(flow: float, allowed: int) -> None:
    totals = Totals(downloaded=20 * BLOCK)
    torrent = make(pieces=30, blocks=1, have=range(20), settings=Settings(upload_slots=3), totals=totals)
    run(torrent, (0, Start()), *_interested(*range(1, 10)), until=0)
    steady = [(tick * 0.1, Drained(PeerKey(1), int(flow) // 100)) for tick in range(1, 100)]
    idles_not = (0.0, says(1, Request(0, 0, BLOCK)))
    run(torrent, idles_not, *steady, until=10.05)
    assert _may_ask(torrent) == allowed


def test_a_peer_that_loses_interest_frees_its_slot() -> None:
    torrent = make(pieces=1, have=[0], settings=Settings(upload_slots=1), totals=Totals(downloaded=1))
    log = run(torrent, (0, Start()), *_interested(1, 2), (4, says(1, NotInterested())))
    assert _chokes(sent(log, 2)) == [Unchoke()]
    log = run(torrent, until=10)
    assert _chokes(sent(log, 1)) == [Choke()]


def _unchoked_at(log: list[tuple[float, Command]], key: int) -> list[float]:
    return [at for at, command in log if Unchoke() in sent([(at, command)], key)]


def test_while_those_who_may_ask_do_not_others_may_one_after_the_other() -> None:
    torrent = make(pieces=2, have=[0], settings=Settings(upload_slots=1))
    asks = [(0.05, says(1, Request(0, 0, BLOCK))), (1.0, Drained(PeerKey(1), BLOCK))]
    log = run(torrent, (0, Start()), *_interested(1, 2, 3, 4), *asks, until=2)
    assert sorted(_unchoked_at(log, key) for key in (1, 2, 3, 4)) == [[0.0]] * YOUNG + [[1.0], [1.1]]


def test_nobody_else_may_ask_while_somebody_does() -> None:
    torrent = make(pieces=2, have=[0], settings=Settings(upload_slots=1))
    asks = [(0.05, says(1, Request(0, 0, BLOCK), Request(0, BLOCK, BLOCK))), (1.0, Drained(PeerKey(1), BLOCK))]
    log = run(torrent, (0, Start()), *_interested(1, 2, 3), *asks, until=2)
    assert _unchoked_at(log, 3) == []


def test_a_round_ends_what_an_idle_link_allowed() -> None:
    torrent = make(pieces=2, have=[0], settings=Settings(upload_slots=1))
    log = run(torrent, (0, Start()), *_interested(1, 2, 3), (9.0, says(1, Request(0, 0, BLOCK))), until=10)
    assert _unchoked_at(log, 3) == [0.1]
    assert Choke() in sent(log, 1) + sent(log, 2) + sent(log, 3)


def test_a_seed_lets_everybody_have_a_turn() -> None:
    torrent = make(pieces=1, have=[0], settings=Settings(upload_slots=1), totals=Totals(downloaded=1))
    keys = (1, 2, 3)
    alive = [(60.0 * n, says(key)) for n in range(1, 11) for key in keys]
    log = run(torrent, (0, Start()), *_interested(*keys), *alive, until=600)
    turns = [len([m for m in sent(log, key) if isinstance(m, Unchoke)]) for key in keys]
    assert min(turns) >= 3 and max(turns) - min(turns) <= 1


def test_a_choke_forgets_what_was_requested() -> None:
    torrent = make(pieces=1, have=[0], settings=Settings(upload_slots=1), totals=Totals(downloaded=1))
    log = run(
        torrent,
        (0, Start()),
        *_interested(1, 2),
        (1, says(1, Request(0, 0, BLOCK))),
        (1, says(1, Request(0, BLOCK, BLOCK))),
        until=70,
    )
    assert _chokes(sent(log, 1)) == [Unchoke(), Choke()]
    assert torrent.peers[1].requests.count == 0
    assert served(log, 1) == [[(0, 0, BLOCK)]]


def test_rounds_end_with_the_last_peer() -> None:
    torrent = make(pieces=1, have=[0])
    run(torrent, (0, Start()), *_interested(1), (4, PeerClosed(1, "")), until=100)
    assert torrent.next_deadline() == float("inf")


def test_flipping_interest_without_end_closes_the_connection() -> None:
    flips = [(0.0, says(1, Interested(), NotInterested())) for _ in range(101)]
    log = run(make(have=[0]), (0, Start()), (0, arrives(1)), *flips)
    assert closed(log) == {1: "too many changes of interest"}
    assert not any(isinstance(message, KeepAlive) for message in sent(log, 1))
