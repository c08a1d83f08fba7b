"""Who sent bad data."""

from __future__ import annotations

import random

import pytest

from tests.swarm.evaluator import (
    Log,
    Script,
    address,
    arrives,
    closed,
    commands,
    evaluate,
    has,
    make,
    run,
    run_of,
    says,
    sender,
    starts,
)
from torrentd.model.address import Address
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerId, PeerKey
from torrentd.swarm.commands import Store
from torrentd.swarm.downloading import blame
from torrentd.swarm.events import Event, PeerClosed, PeerConnected, PieceFailed, PiecesVerified, Start
from torrentd.swarm.torrent import Torrent
from torrentd.wire.peer.messages import Unchoke

GOOD = [b"0", b"1", b"2", b"3"]


def _bad(*blocks: int) -> list[bytes]:
    return [b"bad" if block in blocks else digest for block, digest in enumerate(GOOD)]


def _hello(*keys: int, pieces: int = 8) -> list[tuple[float, Event]]:
    everything = has(pieces, *range(pieces))
    return [(0, Start()), *((0.0, e) for key in keys for e in (arrives(key), says(key, everything, Unchoke())))]


def test_who_alone_sent_a_bad_piece_is_banned_at_once() -> None:
    torrent = make(pieces=8)
    log = run(
        torrent,
        *_hello(1, 2),
        (1, says(1, run_of(0, 0, 4))),
        (2, PieceFailed(0, _bad(2))),
        (3, arrives(1)),
        (3, PeerConnected(PeerKey(7), Address("10.0.0.1", 999), True, PeerId(b"x" * 20), bytes(8))),
    )
    reason = "banned: sent piece 0 with a wrong hash"
    assert [(command.peer, command.reason) for command in commands(log, type(log[-1][1]))] == [
        (1, reason),
        (1, reason),
        (7, reason),
    ]
    assert torrent.totals.wasted == 4 * 16384
    assert list(torrent.peers) == [2]
    assert torrent.requests is not None and 0 in torrent.requests.picker


def _shared_failure(at: float) -> list[tuple[float, Event]]:
    """Piece 0 in a copy of which peer 2 sent the block 0, and peer 1 the rest; block 1 is wrong."""
    return [
        (at, says(1, run_of(0, 1, 3))),
        (at, PeerClosed(PeerKey(1), "")),
        (at, says(2, run_of(0, 0))),
        (at, PieceFailed(0, _bad(1))),
    ]


def test_when_several_had_a_share_the_good_copy_names_the_liar() -> None:
    torrent = make(pieces=1)
    log = run(
        torrent,
        *_hello(1, 2, pieces=1),
        *_shared_failure(1),
        (2, says(2, run_of(0, 0, 4))),
    )
    assert [(store.complete, store.digests) for store in commands(log, Store)] == [
        (False, False),
        (True, False),
        (True, True),
    ]
    assert closed(log) == {}
    assert torrent.strikes
    run(torrent, (3, PiecesVerified([0], {0: GOOD})))
    assert torrent.bans.reason(address(1)) == "sent block 1 of piece 0 wrong"
    assert torrent.bans.reason(address(2)) is None
    assert torrent.strikes == torrent.suspects == {}


def _shared(torrent: Torrent, at: float, piece: int, *keys: int) -> None:
    """A bad copy of a piece to which each of these peers contributed a block."""
    blame.accuse(torrent, piece, _bad(0), {PeerKey(key): 1 << n for n, key in enumerate(keys)})


def test_who_stands_out_with_three_strikes_is_banned_without_a_verdict() -> None:
    torrent = make(pieces=8)
    run(torrent, *_hello(1, 2, 3, 4))
    for piece, other in enumerate((2, 3, 4)):
        _shared(torrent, 1, piece, 1, other)
    assert list(torrent.peers) == [2, 3, 4]
    assert torrent.bans.reason(address(1)) == "had a share in 3 pieces with wrong hashes"


def test_two_who_always_shared_wait_for_the_verdict() -> None:
    torrent = make(pieces=8)
    run(torrent, *_hello(1, 2))
    for piece in range(6):
        _shared(torrent, 1, piece, 1, 2)
    assert list(torrent.peers) == [1, 2]
    for piece in range(6):
        blame.judge(torrent, piece, GOOD)  # what peer 1 sent, block 0, differs
    assert list(torrent.peers) == [2]
    assert torrent.strikes == {}


def test_what_a_banned_peer_had_a_share_in_speaks_against_nobody_else() -> None:
    """Before the ban, and after it: its last pieces are still being hashed."""
    torrent = make(pieces=8)
    run(torrent, *_hello(1, 2))
    for piece in range(2):
        _shared(torrent, 1, piece, 1, 2)
    blame.accuse(torrent, 2, _bad(0), {PeerKey(1): 0b1111})
    assert torrent.strikes == {}
    for piece in range(3, 7):
        _shared(torrent, 1, piece, 1, 2)
    assert list(torrent.peers) == [2]
    for piece in range(7):
        blame.judge(torrent, piece, GOOD)
    assert list(torrent.peers) == [2]
    assert torrent.strikes == torrent.suspects == {}


def test_the_next_copy_comes_from_one_peer_alone() -> None:
    torrent = make(pieces=1)
    run(torrent, *_hello(1, 2, 3, pieces=1), *_shared_failure(1), until=20)
    assert [len(torrent.peers[key].queue.outstanding) for key in (2, 3)] == [1, 0]
    run(torrent, (20, says(2, run_of(0, 0))), (30, says(2, run_of(0, 1))), (45, says(2, run_of(0, 2))), until=60.9)
    assert torrent.peers[3].queue.count == 0
    run(torrent, (60.95, says(3)), until=61)
    assert torrent.peers[3].queue.outstanding == {0: 0b1000}


def test_one_who_brings_a_suspected_piece_alone_and_wrong_is_banned() -> None:
    torrent = make(pieces=1)
    script = [
        *_hello(1, 2, pieces=1),
        *_shared_failure(1),
        (2.0, says(2, run_of(0, 0, 4))),
        (3.0, PieceFailed(0, _bad(0))),
    ]
    assert closed(run(torrent, *script)) == {2: "banned: sent piece 0 with a wrong hash"}


def test_a_failure_without_known_senders_blames_nobody() -> None:
    torrent = make(pieces=8)
    log = run(torrent, *_hello(1), (1, PieceFailed(5, _bad(1))), (2, PiecesVerified([6], {6: GOOD})))
    assert closed(log) == {}


def test_on_loopback_strikes_and_bans_go_by_peer_id() -> None:
    torrent = make(pieces=8)
    here = Address("127.0.0.1", 5000)
    connected = [
        PeerConnected(PeerKey(key), Address("127.0.0.1", 5000 + key), True, PeerId(b"%020d" % key), bytes(8))
        for key in (1, 2)
    ]
    log = run(
        torrent,
        (0, Start()),
        *((0.0, e) for e in connected),
        (0, says(1, has(8, *range(8)), Unchoke())),
        (1, says(1, run_of(0, 0, 4))),
        (2, PieceFailed(0, _bad(2))),
    )
    assert closed(log) == {1: "banned: sent piece 0 with a wrong hash"}
    assert torrent.bans.reason(here, b"%020d" % 1) is not None


def _honest_disk(log: Log) -> Script:
    """Every block of zeros is right, all others are wrong; a digest is the first byte of the block."""
    script: Script = []
    contents: dict[int, dict[int, bytes]] = {}
    for at, command in log:
        if not isinstance(command, Store):
            continue
        held = contents.setdefault(command.piece, {})
        for number, view in enumerate(command.views, start=command.begin // BLOCK):
            held[number] = bytes(view[:1])
        if command.complete:
            digests = [digest for _, digest in sorted(contents.pop(command.piece).items())]
            right = not any(any(digest) for digest in digests)
            known = {command.piece: digests} if command.digests else {}
            script.append(
                (at + 0.01, PiecesVerified([command.piece], known) if right else PieceFailed(command.piece, digests))
            )
    return script


@pytest.mark.parametrize("corrupted", [0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("rate", [100e3, 400e3])
def test_a_download_beside_a_corrupting_peer_completes_without_it(rate: float, corrupted: float) -> None:
    torrent = make(pieces=40, blocks=4, seed=3)
    luck = random.Random(int(rate * corrupted))
    spoilt = {(piece, block) for piece in range(40) for block in range(4) if luck.random() < corrupted} or {(3, 3)}
    honest, liar = sender(torrent, 1, rate=200e3), sender(torrent, 2, rate=rate, spoilt=spoilt)
    evaluate(torrent, starts, honest, liar, _honest_disk, until=300)
    assert torrent.complete
    assert torrent.bans.reason(address(1)) is None
    assert torrent.bans.reason(address(2)) is not None
