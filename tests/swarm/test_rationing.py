"""What the rate limits are asked for and told."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import Log, arrives, asked, has, make, run, run_of, says, served
from torrentd.model.address import Address
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.policy.rates.limiter import Bucket, Chain
from torrentd.swarm.commands import ReadAt, Serve
from torrentd.swarm.events import (
    Drained,
    Event,
    PeerConnected,
    PiecesVerified,
    SetLimits,
    SetShared,
    Start,
    Stop,
    StorageFailed,
    Tick,
)
from torrentd.swarm.rationing import WHOLE_BLOCK
from torrentd.swarm.settings import Settings, Totals
from torrentd.swarm.torrent import Torrent
from torrentd.wire.peer.messages import Have, Interested, Request, Unchoke
from torrentd.wire.peer.sizes import REQUEST, SHORT

RATE = 100 * WHOLE_BLOCK
BURST = 20 * WHOLE_BLOCK
BITFIELD = SHORT + 1
"""bytes that a peer takes to say which of up to eight pieces it has"""


def left(bucket: Bucket) -> float:
    """Tokens; the bucket is empty afterwards."""
    return bucket.take(1 << 40, 0.0, least=1)


def seed(bucket: Bucket, **others: object) -> Torrent:
    return make(pieces=1, blocks=100, have=[0], up=bucket, **others)


def leech(bucket: Bucket, **others: object) -> Torrent:
    return make(pieces=1, blocks=100, down=bucket, **others)


def test_a_served_block_costs_its_header_too() -> None:
    bucket = Bucket(RATE)
    run(seed(bucket), (0, Start()), (0, arrives(1)), (0, says(1, Interested(), Request(0, 0, BLOCK))))
    assert left(bucket) == BURST - WHOLE_BLOCK - BITFIELD - SHORT  # and `unchoke`


def test_the_last_block_of_a_torrent_costs_what_it_is() -> None:
    bucket = Bucket(RATE)
    torrent = make(pieces=1, blocks=1, have=[0], short=1000, up=bucket)
    run(torrent, (0, Start()), (0, arrives(1)), (0, says(1, Interested(), Request(0, 0, BLOCK - 1000))))
    assert left(bucket) == BURST - WHOLE_BLOCK + 1000 - BITFIELD - SHORT


def test_a_block_that_is_asked_for_costs_its_header_and_our_request() -> None:
    down, up = Bucket(RATE), Bucket(RATE)
    torrent = make(pieces=1, blocks=100, down=down, up=up)
    log = run(torrent, (0, Start()), (0, arrives(1)), (0, says(1, has(1, 0), Unchoke())))
    count = sum(length // BLOCK for _, _, length in asked(log, 1))
    assert 0 < count < 20
    assert left(down) == BURST - count * WHOLE_BLOCK - BITFIELD - SHORT
    assert left(up) == BURST - count * REQUEST - SHORT  # and `interested`


def test_what_peers_say_makes_blocks_wait() -> None:
    bucket = Bucket(RATE)
    run(leech(bucket), (0, Start()), (0, arrives(1)), (0, says(1, has(1, 0), *[Have(0)] * 150)))
    assert left(bucket) == BURST - BITFIELD - 150 * 9


def test_debts_are_bounded() -> None:
    bucket = Bucket(RATE)
    bucket.owe(100 * RATE)
    assert bucket.ready_at(0.0, WHOLE_BLOCK) == (BURST + WHOLE_BLOCK) / RATE


def test_without_a_limit_nothing_is_owed() -> None:
    bucket = Bucket(None)
    bucket.owe(1000)
    bucket.set_rate(RATE, 1.0)
    assert bucket.take(1 << 40, 10.0) == BURST


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "fe80::1", "192.168.1.9"])
@pytest.mark.parametrize("exempt", [True, False])
def test_the_local_network_is_exempt_if_asked(host: str, exempt: bool) -> None:
    torrent = seed(Bucket(0), settings=Settings(local_unlimited=exempt))
    peer = PeerConnected(PeerKey(1), Address(host, 6881), True, b"-XX0001-000000000001", bytes(8))
    log = run(torrent, (0, Start()), (0, peer), (0, says(1, Interested(), Request(0, 0, BLOCK))), (9, says(1)))
    assert bool(served(log, 1)) == exempt
    torrent = leech(Bucket(0), settings=Settings(local_unlimited=exempt))
    log = run(torrent, (0, Start()), (0, peer), (0, says(1, has(1, 0), Unchoke())), (9, says(1)))
    assert bool(asked(log, 1)) == exempt


def test_others_are_not_and_pay_for_nobody() -> None:
    bucket = Bucket(11 * WHOLE_BLOCK)
    torrent = seed(bucket, settings=Settings(local_unlimited=True), totals=Totals(downloaded=1))
    near = PeerConnected(PeerKey(1), Address("10.0.0.1", 6881), True, b"-XX0001-000000000001", bytes(8))
    far = PeerConnected(PeerKey(2), Address("203.0.114.1", 6881), True, b"-XX0001-000000000002", bytes(8))
    hello = [(0.0, Start()), (0.0, near), (0.0, far)]
    wants = [Interested(), Request(0, 0, BLOCK, 3)]
    drained = [(0.0, Drained(PeerKey(key), BLOCK)) for key in (1, 1, 1, 2, 2)]
    log = run(torrent, *hello, (0.0, says(1, *wants)), (0.0, says(2, *wants)), *drained)
    assert sum(map(len, served(log, 1))) == 3
    assert sum(map(len, served(log, 2))) == 2


@pytest.mark.parametrize(("rate", "paced"), [(40_000, True), (RATE, False), (None, False)])
def test_blocks_of_a_low_limit_are_paced(rate: int | None, paced: bool) -> None:
    """Both what we send and what we ask for."""
    log = run(seed(Bucket(rate)), (0, Start()), (0, arrives(1)), (0, says(1, Interested(), Request(0, 0, BLOCK))))
    paces = [command.pace for _, command in log if isinstance(command, Serve)]
    log = run(leech(Bucket(rate)), (0, Start()), (0, arrives(1)), (0, says(1, has(1, 0), Unchoke())))
    paces += [command.pace for _, command in log if isinstance(command, ReadAt)] or [None]
    assert [pace is not None for pace in paces] == [paced] * 2


def test_other_limits_than_before_count_at_once() -> None:
    """Of what is shared, each in the order in which it is given; the torrent's own stays."""
    whole, group = Bucket(0), Bucket(RATE)
    torrent = seed(whole)
    hello = [(0, Start()), (0, arrives(1)), (0, says(1, Interested(), Request(0, 0, BLOCK, 2)))]
    assert served(run(torrent, *hello), 1) == []
    log = run(torrent, (1, SetShared((), (group,))))
    assert sum(map(len, served(log, 1))) == 1
    assert left(group) == BURST - WHOLE_BLOCK


def paces(log: Log) -> list[bool]:
    """Each time that peer 1 is read at another pace: whether it has one."""
    return [command.pace is not None for _, command in log if isinstance(command, ReadAt)]


def test_once_everything_is_there_nobody_is_read_at_a_pace() -> None:
    torrent = make(pieces=1, blocks=1, down=Bucket(40_000))
    hello = [(0, Start()), (0, arrives(1)), (0, says(1, has(1, 0), Unchoke()))]
    log = run(torrent, *hello, (1, says(1, run_of(0))), (1, PiecesVerified([0])))
    assert paces(log) == [True, False]


@pytest.mark.parametrize("end", ["own", "shared", "whole"])
def test_no_limit_no_pace(end: str) -> None:
    """What is on its way comes as fast as it can, though nothing more is asked for."""
    whole = Bucket(40_000)
    torrent = make(pieces=1, blocks=1, down=whole)
    assert paces(run(torrent, (0, Start()), (0, arrives(1)), (0, says(1, has(1, 0), Unchoke())))) == [True]
    if end == "own":
        torrent.handle(SetLimits(down=30_000), 0.0)
        assert paces(run(torrent, (0, Tick()))) == []
        whole.set_rate(None, 0.0)
        assert paces(run(torrent, (0, SetLimits()))) == [False]
    elif end == "shared":
        assert paces(run(torrent, (0, SetShared((), ())))) == [False]
    else:
        whole.set_rate(None, 0.0)
        assert paces(run(torrent, (0, Tick()))) == [False]
    assert paces(run(torrent, (9, Tick()))) == []


@pytest.mark.parametrize("end", [Stop(), StorageFailed(None, "no space left", "disk_full")])
def test_who_asks_no_more_holds_nobody_up(end: Event) -> None:
    shared = Bucket(RATE)
    torrent, other = leech(shared), Chain(shared)
    assert other.take(BURST, 0.0)
    hello = [(0, Start()), (0, arrives(1)), (0, says(1, has(1, 0), Unchoke()))]
    assert asked(run(torrent, *hello), 1) == []
    behind = other.ready_at(0.0, WHOLE_BLOCK)
    run(torrent, (0, end))
    assert other.ready_at(0.0, WHOLE_BLOCK) < behind


def test_who_serves_no_more_holds_nobody_up() -> None:
    shared = Bucket(RATE)
    torrent, other = seed(shared), Chain(shared)
    assert other.take(BURST, 0.0)
    hello = [(0, Start()), (0, arrives(1)), (0, says(1, Interested(), Request(0, 0, BLOCK)))]
    assert served(run(torrent, *hello), 1) == []
    behind = other.ready_at(0.0, WHOLE_BLOCK)
    run(torrent, (0, Stop()))
    assert other.ready_at(0.0, WHOLE_BLOCK) < behind
