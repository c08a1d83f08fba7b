"""Our metadata for others: given at once, rejected beyond a rate."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import EXTENDED, arrives, closed, make, run, says, sent
from torrentd.swarm.events import Start
from torrentd.swarm.peers.extensions import IDS
from torrentd.swarm.peers.floods import Budget
from torrentd.swarm.peers.metadata import ALL_PEERS, COPIES, REFILL
from torrentd.wire.peer import extensions
from torrentd.wire.peer.extensions import ExtensionHandshake
from torrentd.wire.peer.messages import Extended
from torrentd.wire.peer.metadata import NAME, PIECE, Data, Reject, Request, encode, parse

METADATA = bytes(range(256)) * 200
"""3 pieces and a bit"""
THEIRS = 9
OURS = IDS[NAME]


def hello() -> Extended:
    return Extended(0, extensions.encode(ExtensionHandshake(m={NAME: THEIRS})))


def ask(piece: int) -> Extended:
    return Extended(OURS, encode(Request(piece)))


def answers(log, key=1):
    return [parse(message.payload) for message in sent(log, key) if getattr(message, "id", None) == THEIRS]


def asks(*pieces, at=1.0, metadata=METADATA, **others):
    torrent = make(metadata=metadata, **others)
    script = [(0.0, Start()), (0.0, arrives(1, reserved=EXTENDED)), (0.0, says(1, hello()))]
    return run(torrent, *script, (at, says(1, *map(ask, pieces))))


def test_our_hello_says_how_much_there_is():
    log = asks()
    said = extensions.parse(sent(log, 1)[0].payload)
    assert (said.m[NAME], said.metadata_size) == (OURS, len(METADATA))


def test_every_piece():
    log = asks(0, 1, 2, 3)
    assert [answer.data for answer in answers(log)] == [
        METADATA[start : start + PIECE] for start in range(0, len(METADATA), PIECE)
    ]
    assert {answer.size for answer in answers(log)} == {len(METADATA)}


@pytest.mark.parametrize("piece", [4, 100, 2047])
def test_a_piece_that_is_not_there(piece):
    assert answers(asks(piece)) == [Reject(piece)]


def test_without_metadata_nothing_is_given():
    assert answers(asks(0, metadata=b"")) == [Reject(0)]


def test_so_many_copies_and_no_more():
    log = asks(*[0, 1, 2, 3] * 4)
    given = [answer for answer in answers(log) if isinstance(answer, Data)]
    assert len(given) == COPIES * 4 + 1
    assert len(answers(log)) == 16 and not closed(log)


def test_after_a_while_again():
    torrent = make(metadata=METADATA)
    script = [(0.0, Start()), (0.0, arrives(1, reserved=EXTENDED)), (0.0, says(1, hello()))]
    many = says(1, *map(ask, [0] * 20))
    before = answers(run(torrent, *script, (1.0, many)))
    later = answers(run(make(metadata=METADATA), *script, (1.0, many), (1.0 + REFILL, many)))
    more = [answer for answer in later[len(before) :] if isinstance(answer, Data)]
    assert len(more) == 4


def test_all_peers_share_a_budget():
    budget = Budget({ALL_PEERS.what: (2.0, 1.0)})
    assert [type(answer) for answer in answers(asks(0, 1, 2, metadata_budget=budget))] == [Data, Data, Reject]


def test_a_flood_costs_the_connection():
    assert "too many" in closed(asks(*[0] * 400))[1]


@pytest.mark.parametrize("payload", [b"", b"i1e", b"d8:msg_typei0ee", b"d8:msg_typei0e5:piecei-1ee"])
def test_nonsense_costs_the_connection(payload):
    torrent = make(metadata=METADATA)
    script = [(0.0, Start()), (0.0, arrives(1, reserved=EXTENDED)), (0.0, says(1, hello()))]
    assert "ut_metadata" in closed(run(torrent, *script, (1.0, says(1, Extended(OURS, payload)))))[1]


def test_what_we_did_not_ask_for_is_ignored_up_to_a_flood():
    torrent = make(metadata=METADATA)
    unasked = Extended(OURS, encode(Data(0, len(METADATA), bytes(PIECE))))
    script = [(0.0, Start()), (0.0, arrives(1, reserved=EXTENDED)), (0.0, says(1, hello()))]
    assert not closed(run(torrent, *script, (1.0, says(1, *[unasked] * 50))))
    torrent = make(metadata=METADATA)
    assert closed(run(torrent, *script, (1.0, says(1, *[unasked] * 300))))


def test_who_cannot_hear_it_is_told_nothing():
    torrent = make(metadata=METADATA)
    log = run(torrent, (0.0, Start()), (0.0, arrives(1, reserved=EXTENDED)), (1.0, says(1, ask(0))))
    assert answers(log) == [] and not closed(log)
