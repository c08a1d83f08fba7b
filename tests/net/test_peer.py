"""A peer's connection over in-memory transports, with the clock in the test's hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet import error
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport, connect

from tests.net.fakes import INFO_HASH, OURS, THEIRS, Hall, Owner, Reader, content, peer
from torrentd.model.errors import StorageError
from torrentd.net.interfaces import Identity
from torrentd.net.peer import CONTROL_BUFFER, DISK_BUSY, HANDSHAKE_TIMEOUT, RATE, PeerProtocol
from torrentd.wire.peer.encode import block_headers, encode, encode_requests
from torrentd.wire.peer.handshake import Handshake
from torrentd.wire.peer.handshake import encode as encode_handshake
from torrentd.wire.peer.messages import Blocks, Choke, Have, Interested, KeepAlive, Unchoke

BLOCK = 16384
HELLO = encode_handshake(Handshake(THEIRS.reserved, INFO_HASH, THEIRS.peer_id))
SOME_MESSAGES = (
    encode([Unchoke(), Interested(), Have(7)])
    + block_headers([(3, 0, BLOCK)])
    + content(3, 0, BLOCK)
    + encode_requests([(1, 0, BLOCK)])
)


class Stage:
    """One protocol on a StringTransport, its hall and its clock."""

    def __init__(self, identity: Identity | None = None) -> None:
        self.clock = Clock()
        self.hall = Hall()
        self.protocol = peer(self.clock, self.hall, identity)
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)

    def lose(self, reason: Exception | None = None) -> None:
        self.protocol.connectionLost(Failure(reason or error.ConnectionDone()))

    def settle(self) -> None:
        """Let everything run that waits for the reactor's next turn."""
        while any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
            self.clock.advance(0)

    def check_nothing_left(self) -> None:
        self.settle()
        assert self.clock.getDelayedCalls() == []


@pytest.fixture
def stage() -> Iterator[Stage]:
    """An incoming connection, established."""
    made = Stage()
    made.protocol.dataReceived(HELLO)
    made.transport.clear()
    yield made
    if not made.hall.owner.reasons:
        made.lose()
    made.check_nothing_left()


# --- handshake


def test_dialling_sends_the_handshake_at_once() -> None:
    stage = Stage(OURS)
    assert stage.transport.value() == encode_handshake(Handshake(OURS.reserved, INFO_HASH, OURS.peer_id))
    stage.protocol.dataReceived(HELLO)
    assert stage.hall.handshakes[0].peer_id == THEIRS.peer_id
    stage.check_nothing_left()


def test_the_deadline_is_for_the_whole_handshake() -> None:
    stage = Stage()
    for second in range(int(HANDSHAKE_TIMEOUT)):
        assert not stage.transport.disconnecting
        stage.protocol.dataReceived(HELLO[second : second + 1])
        stage.clock.advance(1)
    assert stage.transport.disconnecting
    stage.lose()
    assert stage.hall.refusals == ["no handshake within 10 s"]
    stage.check_nothing_left()


def test_a_connection_lost_in_the_handshake_is_refused_once() -> None:
    stage = Stage()
    stage.lose(error.ConnectionLost("Connection reset by peer"))
    stage.lose()
    assert stage.hall.refusals == ["connection lost: Connection reset by peer"]
    stage.check_nothing_left()


def test_rubbish_is_closed() -> None:
    stage = Stage()
    stage.protocol.dataReceived(b"GET / HTTP/1.1\r\n")
    assert stage.transport.disconnecting
    stage.lose()
    assert len(stage.hall.refusals) == 1


def test_a_reception_that_fails_costs_this_connection_only() -> None:
    stage = Stage()

    def fail(connection: object) -> None:
        raise ZeroDivisionError

    stage.hall.on_established = fail
    with capturedLogs() as logs:
        stage.protocol.dataReceived(HELLO)
    assert logs[0]["log_failure"].check(ZeroDivisionError)
    stage.lose()
    assert stage.hall.refusals == ["an internal error (see the log)"]
    stage.check_nothing_left()


def test_closed_while_being_established() -> None:
    stage = Stage()
    stage.hall.on_established = lambda connection: connection.close("a duplicate")
    stage.protocol.dataReceived(HELLO + SOME_MESSAGES)
    assert stage.hall.owner.messages == []
    assert stage.hall.owner.reasons == []
    stage.lose()
    assert stage.hall.owner.reasons == ["a duplicate"]
    assert stage.hall.refusals == []


# --- in


def expected_messages() -> list[object]:
    stage = Stage()
    stage.protocol.dataReceived(HELLO + SOME_MESSAGES)
    assert stage.hall.owner.reads == 1
    return list(stage.hall.owner.messages)


def test_messages_behind_the_handshake_are_delivered() -> None:
    kinds = [type(message).__name__ for message in expected_messages()]
    assert kinds == ["Unchoke", "Interested", "Have", "Blocks", "Request"]


@pytest.mark.parametrize("step", [1, 7, 4096])
def test_however_the_bytes_are_cut(step: int) -> None:
    stage = Stage()
    data = HELLO + SOME_MESSAGES
    for start in range(0, len(data), step):
        stage.protocol.dataReceived(data[start : start + step])
    assert stage.hall.owner.messages == expected_messages()
    assert stage.protocol.bytes_in == len(data)
    assert stage.protocol.tail == b""


def test_lent_bytes_are_read_like_owned_ones() -> None:
    stage = Stage()
    buffer = bytearray(len(HELLO + SOME_MESSAGES) + 100)
    data = HELLO + SOME_MESSAGES
    for start in range(0, len(data), 1000):
        kept = stage.protocol.tail
        chunk = kept + data[start : start + 1000]
        buffer[: len(chunk)] = chunk
        stage.protocol.dataInto(memoryview(buffer), len(chunk))
        buffer[:] = bytes(len(buffer))  # the next peer's read overwrites it
    assert stage.hall.owner.messages == expected_messages()


def test_a_broken_message_closes(stage: Stage) -> None:
    stage.protocol.dataReceived(b"\0\0\0\7\4")
    assert stage.transport.disconnecting
    stage.protocol.dataReceived(encode([Choke()]))
    stage.lose()
    assert stage.hall.owner.messages == []
    assert stage.hall.owner.reasons != ["the peer closed the connection"]


def test_a_keep_alive_is_a_sign_of_life(stage: Stage) -> None:
    heard: list[list[object]] = []
    stage.hall.owner.received = lambda connection, messages: heard.append(list(messages))  # type: ignore[method-assign]
    stage.protocol.dataReceived(b"\0\0")
    assert heard == []
    stage.protocol.dataReceived(b"\0\0")
    assert heard == [[KeepAlive()]]


def test_an_owner_that_fails_costs_this_connection_only(stage: Stage) -> None:
    def fail(connection: object, messages: object) -> None:
        raise ZeroDivisionError

    stage.hall.owner.on_received = fail
    with capturedLogs() as logs:
        stage.protocol.dataReceived(encode([Choke()]))
    assert logs[0]["log_failure"].check(ZeroDivisionError)
    assert stage.transport.disconnecting
    stage.lose()
    assert stage.hall.owner.reasons == ["an internal error (see the log)"]


def test_reading_rests_until_every_reason_is_gone(stage: Stage) -> None:
    stage.protocol.pause_reading(DISK_BUSY)
    stage.protocol.pause_reading(RATE)
    stage.protocol.resume_reading(DISK_BUSY)
    stage.protocol.resume_reading(DISK_BUSY)
    assert stage.transport.producerState == "paused"
    stage.protocol.resume_reading(RATE)
    assert stage.transport.producerState == "producing"


# --- the end


def test_close_tells_the_owner_later_and_once(stage: Stage) -> None:
    stage.protocol.close("enough")
    stage.protocol.close("again")
    assert stage.hall.owner.reasons == []
    assert stage.transport.disconnecting
    stage.lose()
    stage.lose()
    stage.protocol.close("after the end")
    assert stage.hall.owner.reasons == ["enough"]


def test_nothing_happens_after_close(stage: Stage) -> None:
    stage.protocol.close("enough")
    stage.transport.clear()
    stage.protocol.send(encode([Choke()]))
    stage.protocol.flush()
    stage.protocol.serve([(0, 0, BLOCK)], BLOCK, Reader())
    stage.protocol.pause_reading()
    stage.protocol.resume_reading()
    stage.settle()
    assert stage.transport.value() == b""


def test_an_owner_that_fails_at_the_end_is_logged(stage: Stage) -> None:
    stage.hall.owner.when_closed.callback("already: the next call raises")
    with capturedLogs() as logs:
        stage.lose()
    assert "log_failure" in logs[0]


# --- out


def test_queued_messages_leave_in_one_write(stage: Stage) -> None:
    stage.protocol.send(encode([Choke()]))
    stage.protocol.send(encode([Have(1)]))
    assert stage.transport.value() == b""
    stage.protocol.flush()
    assert stage.transport.value() == encode([Choke(), Have(1)])


def test_a_peer_that_does_not_read_is_closed_at_the_cap(stage: Stage) -> None:
    stage.transport.producer.pauseProducing()
    message = encode([Have(1)]) * 1000
    for _ in range(CONTROL_BUFFER // len(message)):
        stage.protocol.send(message)
        stage.protocol.flush()
    assert not stage.transport.disconnecting
    stage.protocol.send(message)
    stage.protocol.flush()
    assert stage.transport.disconnecting
    stage.lose()
    assert stage.hall.owner.reasons == ["the peer does not read what we send"]


def test_what_was_read_meanwhile_counts_no_more(stage: Stage) -> None:
    message = encode([Have(1)]) * 20000
    for _ in range(5):
        stage.transport.producer.pauseProducing()
        stage.protocol.send(message)
        stage.protocol.flush()
        stage.transport.producer.resumeProducing()
    assert not stage.transport.disconnecting


def served(*blocks: tuple[int, int, int]) -> bytes:
    return b"".join(block_headers([block]) + content(*block) for block in blocks)


def test_serve(stage: Stage) -> None:
    blocks = [(0, 0, BLOCK), (5, BLOCK, 1000)]
    stage.protocol.serve(blocks, BLOCK, Reader())
    assert stage.transport.value() == b""
    stage.settle()
    assert stage.transport.value() == served(*blocks)
    assert stage.hall.owner.sent == [BLOCK + 1000]


def test_a_serve_waits_while_the_transport_is_full(stage: Stage) -> None:
    reader = Reader()
    stage.transport.producer.pauseProducing()
    stage.protocol.serve([(0, 0, BLOCK)], BLOCK, reader)
    stage.settle()
    assert reader.runs == []
    stage.transport.producer.resumeProducing()
    stage.settle()
    assert stage.transport.value() == served((0, 0, BLOCK))
    assert stage.hall.owner.sent == [BLOCK]


def test_drained_comes_when_the_transport_took_it(stage: Stage) -> None:
    stage.protocol.serve([(0, 0, BLOCK)], BLOCK, Reader())
    stage.transport.write = lambda data: stage.transport.producer.pauseProducing()  # type: ignore[method-assign]
    stage.settle()
    assert stage.hall.owner.sent == []
    stage.transport.producer.resumeProducing()
    assert stage.hall.owner.sent == [BLOCK]


@pytest.mark.parametrize("full", [False, True])
def test_what_went_out_counts_though_the_peer_closes_before_that_is_reported(stage: Stage, full: bool) -> None:
    """Unless some of it may wait in memory."""
    stage.protocol.serve([(0, 0, BLOCK)], BLOCK, Reader())
    stage.clock.calls[0].func()  # one step: it is sent, and the report is due in the next turn
    if full:
        stage.transport.producer.pauseProducing()
    stage.lose()
    assert stage.hall.owner.sent == ([] if full else [BLOCK])
    assert len(stage.hall.owner.reasons) == 1


def test_a_serve_that_must_be_read_in_a_worker(stage: Stage) -> None:
    reader = Reader()
    reader.cached = False
    blocks = [(0, 0, BLOCK), (0, BLOCK, BLOCK)]
    stage.protocol.serve(blocks, BLOCK, reader)
    stage.settle()
    assert stage.transport.value() == b""
    assert len(reader.waiting) == 1
    reader.finish_reads()
    stage.settle()
    assert stage.transport.value() == served(*blocks)
    assert stage.hall.owner.sent == [2 * BLOCK]


def test_a_read_that_comes_after_the_end_is_dropped(stage: Stage) -> None:
    reader = Reader()
    reader.cached = False
    stage.protocol.serve([(0, 0, BLOCK)], BLOCK, reader)
    stage.settle()
    stage.lose()
    reader.finish_reads()
    assert stage.transport.value() == b""
    assert stage.hall.owner.sent == []


@pytest.mark.parametrize("cached", [True, False])
def test_a_piece_that_cannot_be_read_is_named(stage: Stage, cached: bool) -> None:
    reader = Reader()
    reader.cached = cached
    problem = StorageError("gone")
    reader.broken[2] = problem
    stage.protocol.serve([(1, 0, BLOCK), (2, 0, BLOCK), (3, 0, BLOCK)], BLOCK, reader)
    stage.settle()
    reader.finish_reads()
    stage.settle()
    assert stage.hall.owner.failures == [(2, problem)]
    assert stage.transport.value() == served((1, 0, BLOCK))
    assert not stage.transport.disconnecting
    # what went out before counts with the next serve
    reader.cached = True
    stage.protocol.serve([(3, 0, BLOCK)], BLOCK, reader)
    stage.settle()
    assert stage.hall.owner.sent == [2 * BLOCK]


@pytest.mark.parametrize("cached", [True, False])
def test_a_reader_with_a_bug_costs_this_connection_only(stage: Stage, cached: bool) -> None:
    reader = Reader()
    reader.cached = cached
    reader.broken[0] = ZeroDivisionError()
    with capturedLogs() as logs:
        stage.protocol.serve([(0, 0, BLOCK)], BLOCK, reader)
        stage.settle()
    assert logs[0]["log_failure"].check(ZeroDivisionError)
    stage.lose()
    assert stage.hall.owner.reasons == ["an internal error (see the log)"]


def test_one_serve_at_a_time(stage: Stage) -> None:
    stage.protocol.serve([(0, 0, BLOCK)], BLOCK, Reader())
    with pytest.raises(RuntimeError):
        stage.protocol.serve([(0, 0, BLOCK)], BLOCK, Reader())
    stage.settle()


def test_the_next_serve_may_follow_from_drained(stage: Stage) -> None:
    rest = [[(1, 0, BLOCK)], [(2, 0, BLOCK)]]
    reader = Reader()
    stage.hall.owner.on_drained = lambda connection, sent: connection.serve(rest.pop(), BLOCK, reader) if rest else None
    stage.protocol.serve([(0, 0, BLOCK)], BLOCK, reader)
    stage.settle()
    assert stage.hall.owner.sent == [BLOCK] * 3


def test_control_messages_go_between_runs_never_into_one(stage: Stage) -> None:
    """More blocks than one run holds; a message sent meanwhile stands on a message boundary."""
    blocks = [(piece, 0, BLOCK) for piece in range(40)]
    reader = Reader()
    reader.cached = False
    stage.protocol.serve(blocks, BLOCK, reader)
    stage.settle()
    while reader.waiting:
        reader.finish_reads()
        stage.protocol.send(encode([Have(9)]))
        stage.protocol.flush()
        stage.settle()
    other = Stage()
    other.protocol.dataReceived(HELLO + stage.transport.value())
    received = other.hall.owner.messages
    assert [message.piece for message in received if isinstance(message, Blocks)] == list(range(40))
    assert Have(9) in received[:-1]


# --- two of them


def test_two_peers_in_memory() -> None:
    clock = Clock()
    here, there = Hall(OURS), Hall(THEIRS)
    dialled: PeerProtocol = peer(clock, here, OURS)
    accepted: PeerProtocol = peer(clock, there)
    ours, theirs = FakeTransport(dialled, False), FakeTransport(accepted, True)
    pump = connect(accepted, theirs, dialled, ours)
    pump.flush()
    dialled.send(encode([Interested()]))
    dialled.flush()
    pump.flush()
    accepted.serve([(0, 0, BLOCK)], BLOCK, Reader())
    clock.advance(0)
    pump.flush()
    clock.advance(0)
    assert there.owner.messages == [Interested()]
    assert here.owner.block_bytes() == content(0, 0, BLOCK)
    assert (accepted.bytes_out, accepted.bytes_in) == (dialled.bytes_in, dialled.bytes_out)
    dialled.close("done")
    pump.flush()
    assert (here.owner.reasons, len(there.owner.reasons)) == (["done"], 1)
    assert clock.getDelayedCalls() == []


def test_handed_over_it_reports_to_the_other_who_knows_the_pieces():
    made = Stage()
    made.hall.identity = Identity(INFO_HASH, OURS.peer_id, None, OURS.reserved)
    made.protocol.dataReceived(HELLO)
    made.protocol.dataReceived(encode([Have(5000)]))
    assert made.hall.owner.messages == [Have(5000)]
    heir = Owner()
    made.protocol.hand_over(heir, 100)
    made.protocol.dataReceived(encode([Have(5)]))
    assert heir.messages == [Have(5)]
    made.protocol.dataReceived(encode([Have(100)]))
    made.lose()
    assert (made.hall.owner.messages, made.hall.owner.reasons) == ([Have(5000)], [])
    assert heir.reasons == ["a message about piece 100, where there are 100"]
