"""Who has what, and who wants something of whom."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import FAST, arrives, asked, closed, has, layout, make, run, run_of, says, sent
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.model.layout import Priority
from torrentd.swarm.events import Event, PiecesVerified, ReadFailed, SetPriorities, Start
from torrentd.swarm.peers.extensions import IDS
from torrentd.wire.peer import extensions
from torrentd.wire.peer.extensions import LT_DONTHAVE, ExtensionHandshake
from torrentd.wire.peer.messages import (
    AllowedFast,
    BitfieldMessage,
    Extended,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    Message,
    NotInterested,
    Reject,
    Suggest,
    Unchoke,
)

START: tuple[float, Event] = (0, Start())


def test_interest_follows_what_the_peer_has_that_we_want() -> None:
    torrent = make(pieces=4, have=[0])
    log = run(
        torrent,
        START,
        (0, arrives(1)),
        (1, says(1, has(4, 0))),
        (2, says(1, Have(1), Have(2))),
        (3, PiecesVerified([1])),
        (4, PiecesVerified([2])),
        (5, says(1, Have(3))),
    )
    assert sent(log, 1) == [has(4, 0), Interested(), NotInterested(), Interested()]
    assert torrent.peers[1].wanted == 1


def test_a_verified_piece_is_told_to_those_who_lack_it() -> None:
    torrent = make(pieces=2)
    log = run(
        torrent,
        START,
        (0, arrives(1)),
        (0, says(1, has(2, 1))),
        (0, arrives(2)),
        (1, PiecesVerified([0])),
        (2, PiecesVerified([1])),
    )
    assert [message for message in sent(log, 1) if isinstance(message, Have)] == [Have(0)]
    assert [message for message in sent(log, 2) if isinstance(message, Have)] == [Have(0), Have(1)]


def test_a_seed_is_told_nothing_of_verified_pieces_and_is_of_no_interest_after_the_last() -> None:
    torrent = make(pieces=3)
    log = run(torrent, START, (0, arrives(1)), (0, says(1, has(3, 0, 1, 2))), (1, PiecesVerified([0, 2])))
    assert torrent.peers[1].wanted == 1
    log += run(torrent, (2, PiecesVerified([1])))
    assert sent(log, 1) == [Interested(), NotInterested()]


def test_a_bitfield_must_be_right() -> None:
    for offence in (says(1, BitfieldMessage(b"\xff")), says(1, BitfieldMessage(b"\0\0"))):
        assert list(closed(run(make(pieces=4), START, (0, arrives(1)), (1, offence)))) == [1]


def test_a_have_of_no_piece_closes_the_connection() -> None:
    log = run(make(pieces=4), START, (0, arrives(1)), (1, says(1, Have(4))))
    assert closed(log) == {1: "have of piece 4, where there are 4"}


def test_telling_the_same_again_is_tolerated_but_not_for_ever() -> None:
    again = [Have(0)] * 200
    torrent = make(pieces=4)
    assert closed(run(torrent, START, (0, arrives(1)), (1, says(1, Have(0), *again)))) == {}
    assert closed(run(torrent, (1, says(1, Have(0))))) == {1: "too many have messages for pieces it had told"}


def test_a_leech_that_completes_by_and_by_counts_as_a_seed() -> None:
    torrent = make(pieces=3)
    run(torrent, START, (0, arrives(1)), (1, says(1, Have(0), Have(1), Have(2))), (2, arrives(2)))
    assert torrent.availability == [1, 1, 1]
    assert torrent.requests is not None and torrent.requests.picker.availability.seeds == 1


def test_a_new_selection_changes_the_interest() -> None:
    torrent = make(pieces=2, blocks=1, files=layout(BLOCK, BLOCK))
    log = run(
        torrent,
        START,
        (0, arrives(1)),
        (0, says(1, has(2, 0))),
        (1, SetPriorities([Priority.SKIP, Priority.NORMAL])),
        (2, SetPriorities([Priority.LOW, Priority.NORMAL])),
    )
    assert [message for message in sent(log, 1) if message != Unchoke()] == [
        Interested(),
        NotInterested(),
        Interested(),
    ]


def test_a_lost_piece_is_wanted_again() -> None:
    torrent = make(pieces=2, have=[0])
    log = run(torrent, START, (0, arrives(1)), (0, says(1, has(2, 0))), (1, ReadFailed(9, 0, "gone")))
    assert sent(log, 1)[1:] == [Interested()]


def test_a_lost_piece_that_nobody_wants_is_only_not_claimed() -> None:
    torrent = make(pieces=2, have=[0], priorities=[Priority.SKIP])
    log = run(torrent, START, (0, arrives(1)), (0, says(1, has(2, 0))), (1, ReadFailed(9, 0, "gone")))
    assert sent(log, 1) == [has(2, 0)]
    assert (torrent.have.count, torrent.wanted_left) == (0, 0)


def test_a_later_bitfield_adds_to_what_the_peer_has() -> None:
    torrent = make(pieces=4)
    log = run(
        torrent,
        (0, Start()),
        (0, arrives(1)),
        (0, says(1, has(4, 0))),
        (1, says(1, has(4, 1, 2))),
    )
    assert not closed(log)
    assert list(torrent.peers[PeerKey(1)].have) == [0, 1, 2]


def test_bitfields_again_and_again_close_the_peer() -> None:
    torrent = make(pieces=4)
    log = run(torrent, (0, Start()), (0, arrives(1)), (1, says(1, *(has(4, 0) for _ in range(30)))))
    assert "bitfields" in closed(log)[1]


def test_a_seed_of_several_leeches_hears_what_we_have() -> None:
    torrent = make(pieces=2)
    hello = [(0.0, event) for key in (1, 2, 3) for event in (arrives(key),)]
    log = run(torrent, (0, Start()), *hello, (0, says(1, has(2, 0, 1))), (1, PiecesVerified([0])))
    assert [key for key in (1, 2, 3) if Have(0) in sent(log, key)] == [1, 2, 3]


def test_a_seed_of_ours_alone_does_not() -> None:
    torrent = make(pieces=2)
    hello = [(0.0, event) for key in (1, 2) for event in (arrives(key),)]
    log = run(torrent, (0, Start()), *hello, (0, says(1, has(2, 0, 1))), (1, PiecesVerified([0])))
    assert [key for key in (1, 2) if Have(0) in sent(log, key)] == [2]


# --- lt_donthave (BEP 54)


def _lost(piece: int) -> Extended:
    return Extended(IDS[LT_DONTHAVE], piece.to_bytes(4, "big"))


def test_what_a_peer_lost_is_asked_of_others() -> None:
    torrent = make(pieces=2)
    everything = says(1, has(2, 0, 1), Unchoke())
    log = run(torrent, START, (0, arrives(1)), (0, everything), (0, arrives(2)), (0, says(2, has(2, 0), Unchoke())))
    assert asked(log, 1) == [(0, 0, 4 * BLOCK), (1, 0, 4 * BLOCK)] and asked(log, 2) == []
    log = run(torrent, (1, says(1, _lost(0))))
    assert asked(log, 2) == [(0, 0, 4 * BLOCK)]
    assert torrent.availability == [1, 1]
    log = run(torrent, (2, says(1, _lost(1), _lost(1))))
    assert sent(log, 1) == [NotInterested()] and asked(log, 2) == []
    log = run(torrent, (3, says(1, Have(0), Have(1))))
    assert asked(log, 1) == [(1, 0, 4 * BLOCK)]
    assert torrent.availability == [2, 1]


def test_a_piece_that_came_before_it_was_lost_is_welcome() -> None:
    torrent = make(pieces=2)
    run(torrent, START, (0, arrives(1)), (0, says(1, has(2, 0), Unchoke())), (1, says(1, _lost(0), run_of(0, 0, 4))))
    assert list(torrent.storing) == [0]


def test_what_we_lost_is_told_to_those_who_can_hear_it() -> None:
    torrent = make(pieces=2, have=[0, 1], priorities=[Priority.SKIP])
    can = Extended(0, extensions.encode(ExtensionHandshake(m={LT_DONTHAVE: 9})))
    run(torrent, START, (0, arrives(1)), (0, says(1, can)), (0, arrives(2)))
    log = run(torrent, (1, ReadFailed(PeerKey(2), 1, "gone")), (2, ReadFailed(PeerKey(2), 1, "gone")))
    assert sent(log, 1) == [Extended(9, b"\0\0\0\1")]
    assert sent(log, 2) == []


@pytest.mark.parametrize("payload", [b"", b"\0\0\0", b"\0\0\0\2", b"\0\0\0\0\0", b"\xff" * 4])
def test_nobody_loses_what_cannot_exist(payload: bytes) -> None:
    lost = says(1, has(2, 0), Extended(IDS[LT_DONTHAVE], payload))
    assert closed(run(make(pieces=2), START, (0, arrives(1)), (1, lost))) == {
        1: "lt_donthave of a piece that cannot exist"
    }


def test_seeds_that_lose_and_find_pieces_are_not_borne_for_ever() -> None:
    torrent = make(pieces=2)
    run(torrent, START, (0, arrives(1)), (0, says(1, has(2, 0, 1))), (0, says(1, *[_lost(0), Have(0)] * 10)))
    assert closed(run(torrent, (1, says(1, _lost(0))))) == {1: "too many losses of a piece by a seed"}
    run(torrent, (1, arrives(2)), (1, says(2, *[_lost(0)] * 1000)))
    assert closed(run(torrent, (1, says(2, _lost(0))))) == {2: "too many lt_donthave messages"}


# --- have all, have none (BEP 6)


def test_all_and_nothing_in_one_byte() -> None:
    torrent = make(pieces=3)
    log = run(torrent, START, (0, arrives(1, reserved=FAST)), (0, says(1, HaveAll())))
    assert sent(log, 1) == [HaveNone(), Interested()]
    assert torrent.peers[1].is_seed and torrent.availability == [1, 1, 1]
    run(torrent, (1, arrives(2, reserved=FAST)), (1, says(2, HaveNone(), Have(1), HaveAll())))
    assert torrent.availability == [2, 2, 2]
    assert sent(run(make(2, have=[0, 1]), START, (0, arrives(1, reserved=FAST))), 1) == [HaveAll()]
    assert sent(run(make(2, have=[0]), START, (0, arrives(1, reserved=FAST))), 1) == [has(2, 0)]


@pytest.mark.parametrize(
    "message", [HaveAll(), HaveNone(), Reject(0, 0, BLOCK), AllowedFast(0), Suggest(0)], ids=lambda one: str(type(one))
)
def test_the_fast_extension_has_to_be_agreed_upon(message: Message) -> None:
    log = run(make(), START, (0, arrives(1)), (1, says(1, message)))
    assert "fast extension" in closed(log)[1]


@pytest.mark.parametrize("first", [has(4, 0), HaveNone()], ids=["some", "none"])
def test_have_none_again_and_again(first: Message) -> None:
    flood = says(1, first, *[HaveNone()] * 30)
    assert closed(run(make(), START, (0, arrives(1, reserved=FAST)), (1, flood))) == {1: "too many bitfields"}
