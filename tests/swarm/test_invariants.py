"""Anything may happen in any order: a state machine throws events at the torrent and keeps books of its own.

The books are made of nothing but the events given and the commands answered, as a session, a disk and the peers would
see them. Besides the invariants of `invariants.check` they must agree with: no block asked twice outside endgame, none
while choked, outstanding at most the depth, `have` and `Serve` only after PiecesVerified, one Serve at a time per peer,
and after Finished, Stop or StorageFailed nothing asked at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.swarm.evaluator import FAST, PLAIN, address, blocks_of, layout, make, peer_id
from tests.swarm.invariants import check
from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.model.layout import Priority
from torrentd.swarm import events
from torrentd.swarm.commands import Ask, Close, Command, Discard, Finished, Mark, Send, Serve, Store
from torrentd.swarm.peers.extensions import IDS
from torrentd.wire.peer.extensions import LT_DONTHAVE
from torrentd.wire.peer.messages import (
    AllowedFast,
    BitfieldMessage,
    Blocks,
    Cancel,
    Choke,
    Extended,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    Message,
    NotInterested,
    Range,
    Reject,
    Request,
    Unchoke,
)

PIECES, BLOCKS = 6, 3
SHORT = 100
"""the last block lacks so many bytes"""

Block = tuple[int, int]

PIECE = st.integers(0, PIECES - 1)
PEER_IDS = st.integers(1, 5)


@dataclass
class Books:
    """What one peer knows of its connection with us."""

    have: set[int] = field(default_factory=set)
    asked: set[Block] = field(default_factory=set)
    recalled: set[Block] = field(default_factory=set)
    """cancelled, and to be asked of somebody else when that was rejected"""
    choking: bool = True
    told: set[int] = field(default_factory=set)
    interested: bool = False
    choked: bool = True
    serving: list[Range] = field(default_factory=list)
    fast: bool = False
    allowed: set[int] = field(default_factory=set)
    waits_for: set[Range] = field(default_factory=set)
    """if it is fast: requests that were neither served nor rejected"""


class Anything(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.torrent = make(pieces=PIECES, blocks=BLOCKS, short=SHORT, files=layout(*_sizes()), sequential=False)
        self.now = 0.0
        self.books: dict[int, Books] = {}
        self.ids: dict[int, int] = {}
        self.next_key = 1
        self.verified: set[int] = set()
        self.stored: dict[int, set[int]] = {}
        self.marked: set[int] = set()
        self.at_disk: list[int] = []

    def give(self, event: events.Event) -> None:
        for command in self.torrent.handle(event, self.now):
            self.account(command)
        check(self.torrent)
        for key, books in self.books.items():
            peer = self.torrent.peers[PeerKey(key)]
            held = {(p, b) for p, blocks in peer.queue.outstanding.items() for b in _members(blocks)}
            books.recalled &= {block for block in held if block[0] in peer.queue.recalled}
            assert books.asked | books.recalled == held
            assert books.interested == peer.am_interested
            assert books.choked == peer.am_choking
            assert not books.fast or books.waits_for == set(peer.requests.blocks())
        assert self.torrent.peers.keys() == self.books.keys()
        assert set(self.torrent.have) == self.verified

    # --- what the torrent wants done

    def account(self, command: Command) -> None:
        match command:
            case Ask(peer, ranges):
                self.account_ask(peer, {(piece, begin // BLOCK) for piece, begin, _ in blocks_of(ranges)})
            case Send(peer, messages):
                for message in messages:
                    self.account_message(self.books[peer], message)
                    here = self.torrent.peers.get(peer)  # it may have parted in the same step
                    if isinstance(message, Cancel) and here is not None and message.piece in here.queue.recalled:
                        self.books[peer].recalled.add((message.piece, message.begin // BLOCK))
            case Serve(peer, ranges, size):
                books = self.books[peer]
                assert not books.serving and all(piece in self.verified for piece, _, _ in ranges)
                books.serving = list(blocks_of(ranges, size))
                books.waits_for.difference_update(books.serving)
            case Close(peer, _):
                self.books.pop(peer, None)
            case Mark(pieces):
                self.marked.update(pieces)
            case Store():
                self.account_store(command)
            case Discard(pieces):
                self.account_discard(pieces)
            case Finished():
                assert self.torrent.finished

    def account_ask(self, key: int, blocks: set[Block]) -> None:
        books = self.books[key]
        torrent = self.torrent
        assert torrent.running and not torrent.storage_failed and not torrent.finished
        assert books.interested
        assert not books.choking or {piece for piece, _ in blocks} <= books.allowed
        assert not blocks & books.asked
        assert {piece for piece, _ in blocks} <= books.have & self.marked
        held = {number: other.asked | self.held_back(number) for number, other in self.books.items()}
        here = held.pop(key)  # what was recalled of it may be asked of it again
        elsewhere = set().union(*held.values())
        if blocks & elsewhere:
            assert self.wanted_blocks() <= here | elsewhere, "asked twice, and not in endgame"
        books.asked |= blocks
        books.recalled -= blocks
        peer = torrent.peers.get(PeerKey(key))  # a later command may close it
        assert peer is None or len(books.asked) <= peer.pipeline.depth

    def held_back(self, key: int) -> set[Block]:
        """What was recalled of that peer and still waits for an answer: what is given up later is not told to it."""
        peer = self.torrent.peers.get(PeerKey(key))
        asked = peer.queue.outstanding if peer is not None else {}
        return {(piece, block) for piece, block in self.books[key].recalled if asked.get(piece, 0) >> block & 1}

    def wanted_blocks(self) -> set[Block]:
        """What is missing, may be asked for now, and somebody could send."""
        everybody = set().union(*(books.have for books in self.books.values()))
        return {
            (piece, block)
            for piece in set(self.torrent.missing) & everybody
            if piece not in self.at_disk
            for block in range(BLOCKS)
            if block not in self.stored.get(piece, set())
        }

    def account_message(self, books: Books, message: Message) -> None:
        match message:
            case BitfieldMessage(bits):
                books.told = set(Bitfield.from_bytes(PIECES, bits))
                assert books.told == self.verified
            case Have(piece):
                assert piece in self.verified and piece not in books.told
                assert piece not in books.have or len(books.have) == PIECES  # a seed that spreads is told all
                books.told.add(piece)
            case Cancel(piece, begin, length):
                block = (piece, begin // BLOCK)
                assert block in books.asked, "cancelled, and not asked for since"
                books.asked.discard(block)
                assert length == self.torrent.geometry.block_length(piece, begin // BLOCK)
            case Interested():
                assert not books.interested
                books.interested = True
            case NotInterested():
                assert books.interested
                books.interested = False
            case Reject(piece, begin, length):
                assert books.fast
                books.waits_for.discard((piece, begin, length))
            case HaveAll() | HaveNone():
                assert books.fast
                books.told = set(range(PIECES)) if isinstance(message, HaveAll) else set()
                assert books.told == self.verified
            case AllowedFast(piece):
                assert books.fast and piece in self.verified
            case Choke():
                assert not books.choked
                books.choked = True
            case Unchoke():
                assert books.choked
                books.choked = False

    def account_store(self, store: Store) -> None:
        blocks = {store.begin // BLOCK + number for number in range(len(store.views))}
        held = self.stored.setdefault(store.piece, set())
        assert not held & blocks and store.piece in self.marked
        held |= blocks
        assert store.complete == (len(held) == BLOCKS)
        if store.complete:
            del self.stored[store.piece]
            assert store.piece not in self.at_disk
            self.at_disk.append(store.piece)

    def account_discard(self, pieces: list[int]) -> None:
        for piece in pieces:
            self.stored.pop(piece, None)
            assert piece not in self.at_disk

    # --- the user, the clock

    @initialize()
    def begin(self) -> None:
        self.give(events.Start())

    @precondition(lambda self: not self.torrent.running)
    @rule()
    def start(self) -> None:
        self.give(events.Start())

    @precondition(lambda self: self.torrent.running)
    @rule(luck=st.integers(0, 9))
    def stop(self, luck: int) -> None:
        if not luck:
            self.give(events.Stop())

    @rule(seconds=st.sampled_from([0.01, 0.1, 1.0, 10.0, 25.0]))
    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while self.torrent.next_deadline() <= until:
            self.now = max(self.now, self.torrent.next_deadline())
            self.give(events.Tick())
        self.now = until

    @rule(files=st.lists(st.sampled_from(Priority), min_size=4, max_size=4))
    def select(self, files: list[Priority]) -> None:
        self.give(events.SetPriorities(files))

    @rule(sequential=st.booleans())
    def order(self, sequential: bool) -> None:
        self.give(events.SetSequential(sequential))

    @rule(down=st.sampled_from([None, 3 * BLOCK, 0]))
    def limit(self, down: int | None) -> None:
        self.give(events.SetLimits(down=down))

    # --- peers

    @precondition(lambda self: self.torrent.running)
    @rule(number=PEER_IDS, have=st.sets(PIECE), unchokes=st.booleans())
    def arrive(self, number: int, have: set[int], unchokes: bool) -> None:
        key, self.next_key = self.next_key, self.next_key + 1
        if self.torrent.bans.reason(address(number)) is None and number not in self.numbers():
            self.books[key] = Books(fast=number % 2 == 0)
            self.ids[key] = number
        reserved = PLAIN if number % 2 else FAST
        self.give(events.PeerConnected(PeerKey(key), address(number), True, peer_id(number), reserved))
        if key in self.books:
            messages: list[Message] = [BitfieldMessage(Bitfield(PIECES, sorted(have)).to_bytes())]
            self.books[key].have = have
            if unchokes:
                self.books[key].choking = False
                messages.append(Unchoke())
            self.give(events.Received(PeerKey(key), messages))

    def numbers(self) -> set[int]:
        return {self.ids[key] for key in self.books}

    def connected(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.books)))

    @precondition(lambda self: self.books)
    @rule(data=st.data(), piece=PIECE)
    def gain(self, data: st.DataObject, piece: int) -> None:
        key = self.connected(data)
        self.books[key].have.add(piece)
        self.give(events.Received(PeerKey(key), [Have(piece)]))

    @precondition(lambda self: self.books)
    @rule(data=st.data(), piece=PIECE)
    def lose(self, data: st.DataObject, piece: int) -> None:
        key = self.connected(data)
        books = self.books[key]
        if piece in books.have:
            books.have.discard(piece)
            books.asked = {block for block in books.asked if block[0] != piece}
        self.give(events.Received(PeerKey(key), [Extended(IDS[LT_DONTHAVE], piece.to_bytes(4, "big"))]))

    @precondition(lambda self: self.books)
    @rule(data=st.data())
    def flip_choke(self, data: st.DataObject) -> None:
        key = self.connected(data)
        books = self.books[key]
        books.choking = not books.choking
        if books.choking and not books.fast:
            books.asked.clear()
        self.give(events.Received(PeerKey(key), [Choke() if books.choking else Unchoke()]))

    @precondition(lambda self: any(books.fast for books in self.books.values()))
    @rule(data=st.data(), piece=PIECE)
    def allow(self, data: st.DataObject, piece: int) -> None:
        key = data.draw(st.sampled_from(sorted(key for key, books in self.books.items() if books.fast)))
        self.books[key].allowed.add(piece)
        self.give(events.Received(PeerKey(key), [AllowedFast(piece)]))

    @precondition(lambda self: any(books.fast and books.asked for books in self.books.values()))
    @rule(data=st.data(), most=st.integers(1, 12))
    def refuse(self, data: st.DataObject, most: int) -> None:
        fast = sorted(key for key, books in self.books.items() if books.fast and books.asked)
        key = data.draw(st.sampled_from(fast))
        books = self.books[key]
        refused = sorted(books.asked)[:most]
        queue = self.torrent.peers[PeerKey(key)].queue
        late = queue.late if queue.asked_since is not None else {}
        books.asked -= {(piece, block) for piece, block in refused if not late.get(piece, 0) >> block & 1}
        if books.choking:
            books.allowed -= {piece for piece, _ in refused}
        length = self.torrent.geometry.block_length
        rejects: list[Message] = [Reject(piece, block * BLOCK, length(piece, block)) for piece, block in refused]
        self.give(events.Received(PeerKey(key), rejects))

    @precondition(lambda self: any(books.asked for books in self.books.values()))
    @rule(data=st.data(), most=st.integers(1, 12))
    def answer(self, data: st.DataObject, most: int) -> None:
        key = data.draw(st.sampled_from(sorted(key for key, books in self.books.items() if books.asked)))
        books = self.books[key]
        sent = sorted(books.asked)[:most]
        books.asked -= set(sent)
        self.give(events.Received(PeerKey(key), [self.block(*block) for block in sent]))

    @precondition(lambda self: self.books)
    @rule(data=st.data(), piece=PIECE, block=st.integers(0, BLOCKS - 1))
    def send_anything(self, data: st.DataObject, piece: int, block: int) -> None:
        key = self.connected(data)
        self.books[key].asked.discard((piece, block))
        self.give(events.Received(PeerKey(key), [self.block(piece, block)]))

    def block(self, piece: int, block: int) -> Blocks:
        length = self.torrent.geometry.block_length(piece, block)
        return Blocks(piece, block * BLOCK, length, [memoryview(bytes(length))])

    @precondition(lambda self: self.books)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        key = self.connected(data)
        del self.books[key]
        self.give(events.PeerClosed(PeerKey(key), "gone"))

    @precondition(lambda self: self.books)
    @rule(
        data=st.data(), message=st.sampled_from([Interested(), NotInterested()]), piece=PIECE, count=st.integers(0, 3)
    )
    def request(self, data: st.DataObject, message: Message, piece: int, count: int) -> None:
        requests: list[Message] = [Request(piece, block * BLOCK, BLOCK - SHORT) for block in range(count)]
        key = self.connected(data)
        self.books[key].waits_for.update((piece, block * BLOCK, BLOCK - SHORT) for block in range(count))
        self.give(events.Received(PeerKey(key), [message, *requests]))

    @precondition(lambda self: any(books.serving for books in self.books.values()))
    @rule(data=st.data(), luck=st.integers(0, 5))
    def drain(self, data: st.DataObject, luck: int) -> None:
        key = data.draw(st.sampled_from(sorted(key for key, books in self.books.items() if books.serving)))
        served, self.books[key].serving = self.books[key].serving, []
        if luck:
            self.give(events.Drained(PeerKey(key), sum(length for _, _, length in served)))
        else:
            self.verified.discard(served[0][0])
            self.books[key].waits_for.update(served)
            self.give(events.ReadFailed(PeerKey(key), served[0][0], "gone"))

    # --- the disk

    @precondition(lambda self: self.at_disk)
    @rule(right=st.booleans(), digests=st.lists(st.sampled_from([b"a", b"b"]), min_size=BLOCKS, max_size=BLOCKS))
    def finish_piece(self, right: bool, digests: list[bytes]) -> None:
        piece = self.at_disk.pop(0)
        if right:
            self.verified.add(piece)
            self.give(events.PiecesVerified([piece], {} if digests is None else {piece: digests}))
        else:
            self.give(events.PieceFailed(piece, digests))

    @rule(busy=st.booleans())
    def load(self, busy: bool) -> None:
        self.give(events.DiskBusy(busy))

    @rule(luck=st.integers(0, 9))
    def break_storage(self, luck: int) -> None:
        if not luck:
            piece = self.at_disk.pop(0) if self.at_disk else None
            self.give(events.StorageFailed(piece, "no space left", "disk_full"))

    @precondition(lambda self: self.torrent.storage_failed)
    @rule()
    def mend_storage(self) -> None:
        self.give(events.StorageRecovered())


def _sizes() -> list[int]:
    """Four files whose edges are not those of pieces."""
    whole = PIECES * BLOCKS * BLOCK - SHORT
    sizes = [4 * BLOCK + 7, 5 * BLOCK, 1]
    return [*sizes, whole - sum(sizes)]


def _members(blocks: int) -> list[int]:
    return [block for block in range(blocks.bit_length()) if blocks >> block & 1]


TestAnything = Anything.TestCase
TestAnything.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
