"""What we do not serve is said to those who speak the fast extension; what the choked may have (BEP 6)."""

from __future__ import annotations

from typing import Any

from tests.swarm.evaluator import FAST, Log, arrives, closed, has, make, run, says, sent, served
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.policy.choking.choker import ROUND
from torrentd.policy.picking.allowed_fast import allowed_fast
from torrentd.swarm.events import Drained, Event, PeerClosed, ReadFailed, Start
from torrentd.swarm.settings import Settings, Totals
from torrentd.swarm.torrent import Torrent
from torrentd.swarm.uploading.upload import QUEUE
from torrentd.wire.peer.messages import (
    AllowedFast,
    Cancel,
    Choke,
    HaveAll,
    HaveNone,
    Interested,
    Message,
    Reject,
    Request,
    Unchoke,
)

COMES: list[tuple[float, Event]] = [(0, Start()), (0, arrives(1, reserved=FAST))]
HELLO: list[tuple[float, Event]] = [*COMES, (0, says(1, Interested()))]


def _seed(pieces: int = 1, blocks: int = 100, **others: Any) -> Torrent:
    """One of several seeds."""
    return make(pieces, blocks, have=range(pieces), totals=Totals(downloaded=1), **others)


def _request(*blocks: int, piece: int = 0) -> list[Message]:
    return [Request(piece, block * BLOCK, BLOCK) for block in blocks]


def _reject(*blocks: int, piece: int = 0) -> list[Message]:
    return [Reject(piece, block * BLOCK, BLOCK) for block in blocks]


def _rejects(log: Log, key: int = 1) -> list[Message]:
    return [message for message in sent(log, key) if isinstance(message, Reject)]


def _allowed(log: Log, key: int = 1) -> list[int]:
    return [message.piece for message in sent(log, key) if isinstance(message, AllowedFast)]


def test_what_we_lack_or_do_not_give_is_rejected() -> None:
    torrent = make(pieces=2, have=[0])
    log = run(torrent, *COMES, (1, says(1, *_request(2), Request(1, 0, BLOCK, 2))))
    assert _rejects(log) == [*_reject(2), *_reject(0, 1, piece=1)]
    log = run(torrent, (2, says(1, Interested())), (2, says(1, *_request(3), *_request(1, piece=1))))
    assert _rejects(log) == _reject(1, piece=1)
    assert served(log, 1) == [[(0, 3 * BLOCK, BLOCK)]]


def test_a_cancelled_request_is_rejected_unless_it_is_on_its_way() -> None:
    cancels = [Cancel(0, block * BLOCK, BLOCK) for block in (0, 5, 5)]
    log = run(_seed(), *HELLO, (1, says(1, *_request(*range(6)))), (1, says(1, *cancels)))
    assert _rejects(log) == _reject(5)


def test_a_choke_rejects_all_that_is_not_on_its_way_after_it_was_said() -> None:
    torrent = _seed(settings=Settings(upload_slots=1))
    others = [(1.0, event) for key in range(2, 9) for event in (arrives(key), says(key, Interested()))]
    asked = [(0.5, says(1, *_request(0))), (1, says(1, *_request(4, 5), Request(0, 7, 9)))]
    log = run(torrent, *HELLO, *asked, *others, until=20 * ROUND)
    choked = sent(log, 1).index(Choke())
    assert sent(log, 1)[choked + 1 : choked + 4] == [Reject(0, 7, 9), *_reject(4, 5)]
    assert len(_rejects(log)) == 3


def test_requests_beyond_the_queue_are_rejected_and_the_peer_stays() -> None:
    torrent = _seed(blocks=2 * QUEUE)
    log = run(torrent, *HELLO, (1, says(1, Request(0, 0, BLOCK, QUEUE + 3))))
    assert (_rejects(log), closed(log)) == (_reject(QUEUE, QUEUE + 1, QUEUE + 2), {})


def test_who_never_stops_to_ask_for_what_it_cannot_get_is_closed() -> None:
    flood = [(1.0, says(1, *_request(*range(100)))) for _ in range(21)]
    assert closed(run(_seed(), *COMES, *flood)) == {1: "too many requests that cannot be served"}


def test_what_is_not_on_the_disk_any_more_is_rejected() -> None:
    torrent = _seed(pieces=2, blocks=4)
    asked = says(1, *_request(0, 1, piece=0), *_request(0, 1, piece=1), Request(0, 9, 7))
    log = run(torrent, *HELLO, (0, says(1, *_request(3))), (1, asked), (2, ReadFailed(PeerKey(1), 0, "gone")))
    assert sorted(_rejects(log), key=str) == sorted([*_reject(0, 1, 3), Reject(0, 9, 7)], key=str)
    assert served(log, 1)[-1] == [(1, 0, BLOCK)]


def test_others_are_not_told() -> None:
    log = run(_seed(), (0, Start()), (0, arrives(1)), (1, says(1, *_request(1))))
    assert _rejects(log) == []


# --- while choked


def _fast(torrent: Torrent, host: str = "10.0.0.1") -> list[int]:
    return allowed_fast(torrent.info_hash, host, torrent.geometry.piece_count, torrent.geometry.piece_size)


def _newcomer(*said: Message) -> list[tuple[float, Event]]:
    """It is choked, for the slot is taken."""
    first: list[tuple[float, Event]] = [(0, Start()), (0, arrives(9)), (0, says(9, Interested()))]
    return [*first, (1, arrives(1, reserved=FAST)), (1, says(1, *said))]


def _full(pieces: int = 50, blocks: int = 2) -> Torrent:
    return _seed(pieces, blocks, settings=Settings(upload_slots=1))


def test_a_newcomer_may_have_some_pieces_while_it_is_choked() -> None:
    torrent = _full()
    log = run(torrent, *_newcomer(HaveNone(), Interested()))
    assert _allowed(log) == _fast(torrent)
    mine, other = _fast(torrent)[0], next(piece for piece in range(50) if piece not in _fast(torrent))
    asked = says(1, Request(mine, 0, BLOCK, 2), Request(other, 0, BLOCK))
    log = run(torrent, (2, asked), (2, Drained(PeerKey(1), BLOCK)))
    assert served(log, 1) == [[(mine, 0, BLOCK)], [(mine, BLOCK, BLOCK)]]
    assert _rejects(log) == _reject(0, piece=other)


def test_who_has_enough_is_not_a_newcomer() -> None:
    torrent = _full()
    assert _allowed(run(torrent, *_newcomer(has(50, *range(11))))) == []
    assert _allowed(run(torrent, (2, arrives(2, reserved=FAST)), (2, says(2, HaveAll())))) == []
    run(torrent, (3, arrives(3, reserved=FAST)), (3, says(3, HaveNone())))
    mine = _fast(torrent)[0]
    log = run(
        torrent, (4, says(3, has(50, *(piece for piece in range(20) if piece != mine)), *_request(0, piece=mine)))
    )
    assert _rejects(log, 3) == _reject(0, piece=mine)


def test_only_what_we_have_and_the_peer_lacks_is_allowed() -> None:
    torrent = _full()
    mine = _fast(torrent)
    torrent = make(50, 2, have=mine[:3], totals=Totals(downloaded=1))
    assert _allowed(run(torrent, *COMES, (0, says(1, has(50, mine[1]))))) == [mine[0], mine[2]]


def test_the_seed_of_a_young_swarm_gives_nothing_away() -> None:
    assert _allowed(run(make(50, have=range(50)), *COMES, (0, says(1, HaveNone())))) == []


def test_each_block_may_be_had_once_however_often_a_host_comes() -> None:
    torrent = _full()
    run(torrent, *_newcomer(HaveNone(), Interested()))
    whole = [Request(piece, 0, BLOCK, 2) for piece in _fast(torrent)]
    log = run(torrent, (2, says(1, *whole)), *((2.0, Drained(PeerKey(1), 4 * BLOCK)) for _ in range(9)))
    assert sum(map(len, served(log, 1))) == 20
    assert _rejects(log) == []
    log = run(torrent, (3, says(1, whole[0])))
    assert _rejects(log) == _reject(0, 1, piece=whole[0].piece)
    run(torrent, (4, PeerClosed(PeerKey(1), "")), (5, arrives(1, reserved=FAST)))
    log = run(torrent, (6, says(1, HaveNone(), whole[0])))
    assert (served(log, 1), _rejects(log)) == ([], _reject(0, 1, piece=whole[0].piece))


def test_what_is_allowed_survives_a_choke() -> None:
    torrent = _seed(50, 2, settings=Settings(upload_slots=1))
    mine = _fast(torrent)[0]
    asked = [Request(piece, 0, BLOCK, 2) for piece in [*(p for p in range(50) if p not in _fast(torrent)), mine]]
    others = [(1.0, event) for key in range(2, 9) for event in (arrives(key), says(key, Interested()))]
    log = run(torrent, *COMES, (0, says(1, HaveNone(), Interested(), *asked)), *others, until=20 * ROUND)
    assert Unchoke() in sent(log, 1) and Choke() in sent(log, 1)
    rejected = {message.piece for message in _rejects(log) if isinstance(message, Reject)}
    assert rejected and mine not in rejected
