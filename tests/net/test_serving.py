"""Runs of blocks to sockets that take all, some or nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from tests.net.fakes import Reader, content
from tests.net.lines import Line
from torrentd.model.errors import StorageError
from torrentd.net.buffers import SERVE, Buffers
from torrentd.net.pacing import PART
from torrentd.net.serving import FIRST_BATCH, SEND_BUFFER, Serving
from torrentd.net.transport import TCP_NOTSENT_LOWAT
from torrentd.wire.peer.encode import block_headers
from torrentd.wire.peer.messages import Range

BLOCK = 16384
BLOCKS = FIRST_BATCH // BLOCK


class Stage:
    """A serving on our own transport; what it reports."""

    def __init__(self) -> None:
        self.buffers = Buffers()
        self.line = Line(self.buffers)
        self.reader = Reader()
        self.drained: list[int] = []
        self.failed: list[tuple[int, Exception]] = []
        self.broken: list[Failure] = []
        self.serving = Serving(
            self.line.reactor,
            self.buffers,
            self.drained.append,
            lambda piece, error: self.failed.append((piece, error)),
            self.broken.append,
        )
        self.serving.attach(self.line.transport)

    def queued(self) -> int:
        """Bytes that wait in memory for the socket."""
        return sum(map(len, self.line.transport._queue))


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.serving.stop()
    made.line.transport.abortConnection()
    made.line.reactor.advance(0)
    made.line.far.close()
    assert made.line.reactor.getDelayedCalls() == []


def blocks(count: int) -> list[Range]:
    return [(number // 16, number % 16 * BLOCK, BLOCK) for number in range(count)]


def encoded(run: list[Range], block: int = BLOCK) -> bytes:
    each = [
        (piece, at, min(block, begin + length - at))
        for piece, begin, length in run
        for at in range(begin, begin + length, block)
    ]
    return b"".join(block_headers([one], block) + content(*one) for one in each)


def test_a_first_batch_has_so_many_blocks_and_no_more(stage: Stage) -> None:
    run = blocks(BLOCKS + 1)
    stage.serving.begin(run, BLOCK, stage.reader)
    stage.line.reactor.advance(0)
    expected = encoded(run)
    assert stage.line.drain(len(expected)) == expected
    stage.line.reactor.advance(0)
    assert len(stage.reader.runs[0]) == BLOCKS
    assert stage.drained == [len(run) * BLOCK]
    assert stage.serving.written == len(expected)


def test_of_large_blocks_it_has_fewer(stage: Stage) -> None:
    run = [(piece, 0, 2 * BLOCK) for piece in range(BLOCKS)]
    stage.serving.begin(run, 2 * BLOCK, stage.reader)
    stage.line.reactor.advance(0)
    assert len(stage.reader.runs[0]) == BLOCKS // 2
    expected = encoded(run, 2 * BLOCK)
    assert stage.line.drain(len(expected)) == expected


def test_a_peer_that_never_reads_costs_no_more_than_the_send_buffer(stage: Stage) -> None:
    run = blocks(320)  # 5 MiB; the sockets hold some of it
    stage.line.transport.write(bytes(8 * 1024 * 1024))
    stage.serving.begin(run, BLOCK, stage.reader)
    stage.line.reactor.advance(0)
    assert stage.reader.runs == []  # nothing is read for a socket that does not drain
    stage.line.drain(8 * 1024 * 1024)
    stage.line.reactor.advance(0)
    while not stage.serving.full:
        stage.line.reactor.advance(0)
    assert 0 < stage.queued() <= SEND_BUFFER + BLOCK + 13
    expected = encoded(run)
    assert stage.line.drain(len(expected)) == expected
    assert stage.drained == [len(run) * BLOCK]
    assert stage.serving.written == len(expected)


def test_what_does_not_go_out_is_read_again_not_kept(stage: Stage) -> None:
    stage.line.transport.offer = lambda views: 5000  # type: ignore[method-assign]
    stage.line.transport.write = stage.line.transport._queue.append  # type: ignore[assignment, method-assign]
    run = blocks(BLOCKS)
    stage.reader.on_read = stage.serving.pauseProducing  # as the transport would, when it has to queue
    stage.serving.begin(run, BLOCK, stage.reader)
    stage.line.reactor.advance(0)
    kept = (5000 + SEND_BUFFER) // (BLOCK + 13)
    expected = encoded(run)
    assert stage.serving.written == kept * (BLOCK + 13)
    assert bytes(stage.line.transport._queue.pop()) == expected[5000 : kept * (BLOCK + 13)]
    stage.line.transport.offer = lambda views: sum(map(len, views))  # type: ignore[method-assign]
    stage.reader.on_read = lambda: None
    stage.serving.resumeProducing()
    stage.line.reactor.advance(0)
    assert [block for part in stage.reader.runs for block in part] == [*run, *run[kept:]]
    assert stage.drained == [BLOCKS * BLOCK]


def test_a_reader_that_brings_too_little_is_a_bug(stage: Stage) -> None:
    stage.reader.cached = False
    stage.serving.begin(blocks(2), BLOCK, stage.reader)
    stage.line.reactor.advance(0)
    later, _ = stage.reader.waiting.pop()
    later.callback(b"too short")
    assert stage.broken[0].check(ValueError)


def test_batches_grow_while_the_socket_takes_them_whole_up_to_the_buffer(stage: Stage) -> None:
    stage.line.transport.offer = lambda views: sum(map(len, views))  # type: ignore[method-assign]
    stage.serving.begin([(piece, 0, 4 * SERVE) for piece in range(10)], BLOCK, stage.reader)
    stage.line.reactor.advance(0)
    sizes = [sum(length for _, _, length in batch) for batch in stage.reader.runs]
    assert sizes[0] == FIRST_BATCH and max(sizes) == sizes[-2] == SERVE
    assert stage.drained == [sum(sizes)] == [40 * SERVE]


def test_the_next_batch_is_what_the_socket_took_of_the_last_one(stage: Stage) -> None:
    took = FIRST_BATCH * 3 // 4
    stage.line.transport.offer = lambda views: took  # type: ignore[method-assign]
    stage.line.transport.write = lambda data: None  # type: ignore[method-assign]
    stage.serving.begin([(0, 0, SERVE)], BLOCK, stage.reader)
    stage.line.reactor.advance(0)
    sizes = [sum(length for _, _, length in batch) for batch in stage.reader.runs]
    assert sizes[0] == FIRST_BATCH and sizes[1] == took


def test_what_begins_with_the_report_of_the_last_serve_is_read_in_the_same_turn(stage: Stage) -> None:
    calls_due: list[int] = []

    def drained(sent: int) -> None:
        stage.drained.append(sent)
        if len(stage.drained) == 1:
            stage.serving.begin(blocks(2), BLOCK, stage.reader)
            calls_due.append(len(stage.line.reactor.getDelayedCalls()))
            assert len(stage.reader.runs) == 1  # not inside `begin`

    stage.serving._drained = drained
    stage.serving.begin(blocks(1), BLOCK, stage.reader)
    stage.line.reactor.advance(0)
    assert (stage.drained, calls_due) == ([BLOCK, 2 * BLOCK], [0])


def test_a_read_that_begins_as_the_transport_goes_on_is_not_taken_for_the_end(stage: Stage) -> None:
    def drained(sent: int) -> None:
        stage.drained.append(sent)
        if len(stage.drained) == 1:
            stage.serving.begin(blocks(2), BLOCK, stage.reader)

    stage.serving._drained = drained
    stage.reader.cached = False
    stage.serving.begin(blocks(1), BLOCK, stage.reader)
    stage.line.reactor.advance(0)
    stage.serving.pauseProducing()
    stage.reader.finish_reads()
    stage.serving.resumeProducing()
    stage.line.reactor.advance(0)
    assert (stage.drained, len(stage.reader.waiting)) == ([BLOCK], 1)


def test_stopped_by_the_report_of_the_last_serve(stage: Stage) -> None:
    stage.serving._drained = lambda sent: stage.serving.stop()
    stage.serving.begin(blocks(1), BLOCK, stage.reader)
    stage.line.reactor.advance(0)
    stage.line.reactor.advance(0)
    assert stage.broken == []


def test_stopped_before_it_began(stage: Stage) -> None:
    stage.serving.begin(blocks(2), BLOCK, stage.reader)
    stage.serving.stop()
    stage.line.reactor.advance(0)
    assert stage.reader.runs == []


def test_a_read_that_fails_after_the_end_is_nobodys_business(stage: Stage) -> None:
    stage.reader.cached = False
    stage.serving.begin(blocks(1), BLOCK, stage.reader)
    stage.line.reactor.advance(0)
    stage.serving.stop()
    later, _ = stage.reader.waiting.pop()
    later.errback(StorageError("gone"))
    assert (stage.failed, stage.broken) == ([], [])


def test_a_slow_peers_socket_holds_half_a_serve_unsent_a_fast_ones_as_much_as_it_likes(stage: Stage) -> None:
    def limit() -> int:
        near: socket.socket = stage.line.transport._socket
        return near.getsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT)

    for count, expected in ((4, 2 * BLOCK), (3, 2 * BLOCK), (32, 16 * BLOCK), (128, 0)):
        stage.serving.begin(blocks(count), BLOCK, stage.reader)
        assert limit() == expected
        stage.serving._ranges.clear()
        stage.line.reactor.advance(0)
        stage.line.reactor.advance(0)


def test_a_paced_serve_flows_and_is_reported_at_its_end(stage: Stage) -> None:
    pace = 64_000.0
    stage.serving.begin([(0, 0, BLOCK)], BLOCK, stage.reader, pace)
    seconds, got = 0.0, b""
    while not stage.drained and seconds < 1.0:
        while stage.line.transport in stage.line.reactor.writers:
            stage.line.transport.doWrite()
        new = stage.line.available()
        assert len(new) <= 2 * pace * PART
        got += new
        stage.line.reactor.advance(PART)
        seconds += PART
    assert stage.drained == [BLOCK]
    assert seconds == pytest.approx(BLOCK / pace, abs=3 * PART)
    assert got == encoded([(0, 0, BLOCK)])


def test_on_a_plain_transport_a_paced_serve_is_written_as_it_is(stage: Stage) -> None:
    plain = StringTransport()
    stage.serving.attach(plain)
    stage.serving.begin([(0, 0, BLOCK)], BLOCK, stage.reader, 64_000.0)
    stage.line.reactor.advance(0)
    stage.line.reactor.advance(0)
    assert plain.value() == encoded([(0, 0, BLOCK)])
    assert stage.drained == [BLOCK]
