"""Blocks from the disk to a peer's socket: the upload half of the fast path.

A batch is read straight into the serve buffer of the reactor turn and offered to the socket as one `sendmsg` of
headers and views. What the socket does not take is kept as an owned copy up to SEND_BUFFER; the blocks beyond go back
to the list and are read again once the socket drained, which costs the same copy but holds no memory. Batches grow
while the socket takes them whole and shrink to what it took. The next one is read only when nothing is queued. On a
plain Twisted transport, which cannot send what it does not keep, a batch is joined.

Each batch starts from the reactor, never from inside `begin`: the owner is in the middle of its commands then. A serve
is reported one turn after its last batch, so that others have their turn; if the next one begins with that report, its
first batch is read in the same turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from torrentd.model.errors import StorageError
from torrentd.net.buffers import Buffers, messages
from torrentd.net.interfaces import BlockReader, Bytes
from torrentd.net.transport import DirectTransport
from torrentd.net.turns import Planned
from torrentd.wire.peer.ids import PIECE_HEADER
from torrentd.wire.peer.messages import Range

SEND_BUFFER: Final = 256 * 1024
"""Bytes of blocks, headers included, that may wait in memory for one peer's socket."""

SLOW_SERVE: Final = 512 * 1024
"""Bytes of the largest serve to a peer whose socket is kept from holding much unsent."""

FIRST_BATCH: Final = 512 * 1024
"""Bytes that are read for a peer at once, until it is known what its socket takes."""


@implementer(IPushProducer)
class Serving:
    """One connection's serves, one after the other. `drained(sent)` and `failed(piece, error)` end a serve; `broken`
    takes the failure of anything unexpected. They are called from the reactor."""

    def __init__(
        self,
        reactor: Any,
        buffers: Buffers,
        drained: Callable[[int], None],
        failed: Callable[[int, Exception], None],
        broken: Callable[[Failure], None],
    ) -> None:
        self.full = False
        """whether the transport asked us to wait"""
        self.waiting = 0
        """bytes of control messages written since it did; the writer counts them"""
        self.written = 0
        """bytes of blocks handed to the transport in all, headers included"""
        self._reactor = reactor
        self._buffer = buffers.serve
        self._turn = buffers.turn
        self._drained = drained
        self._failed = failed
        self._broken = broken
        self._transport: Any = None
        self._ranges: deque[Range] = deque()
        self._block = 0
        self._room = min(FIRST_BATCH, len(self._buffer.memory))
        """bytes of the next batch, at most: about what the socket took"""
        self._one_by_one = False
        self._limit: Callable[[int], None] | None = None
        """the transport's, if it can"""
        self._unsent = 0
        self._spread: Callable[[bytes, float], None] | None = None
        """the transport's, if it can"""
        self._pace: float | None = None
        self._reader: BlockReader | None = None
        self._reading = False
        self._step_due: Planned | None = None
        self._sent = 0

    def attach(self, transport: Any) -> None:
        """The connection is made: this is where the blocks go."""
        self._transport = transport
        self._limit = getattr(transport, "limit_unsent", None)
        self._spread = getattr(transport, "spread", None)
        self._direct = isinstance(transport, DirectTransport)
        if not self._direct:
            self._room = min(SEND_BUFFER, self._room)
        transport.registerProducer(self, True)

    def begin(self, ranges: Sequence[Range], block: int, reader: BlockReader, pace: float | None = None) -> None:
        """Serve these, in order, each range cut into blocks, at `pace` bytes per second if the transport can.
        RuntimeError if a serve is under way."""
        if self._reader is not None:
            raise RuntimeError("a peer is served one list of blocks at a time")
        self._reader = reader
        self._limit_unsent(sum([length for _, _, length in ranges]))
        self._ranges.extend(ranges)
        self._block = block
        self._pace = pace if self._spread is not None else None
        self._one_by_one = False
        self._soon()

    def _limit_unsent(self, size: int) -> None:
        """A slow peer's socket holds half of a serve of `size` bytes unsent, so that others come first and cancels
        still count. Changed when it is another order of magnitude."""
        unsent = size // 2 if size <= SLOW_SERVE else 0
        if self._limit is not None and unsent not in range(self._unsent // 2, 2 * self._unsent + 1):
            self._unsent = unsent
            self._limit(unsent)

    def stop(self) -> None:
        """The connection ends: nothing is read or reported from here on."""
        self._transport = None
        self._ranges.clear()
        self._unplan()

    @property
    def unreported(self) -> int:
        """Payload bytes of the serve under way that are out; 0 while some wait in memory, for nobody knows then."""
        return 0 if self.full else self._sent

    # --- the transport's side

    def pauseProducing(self) -> None:
        self.full = True

    def resumeProducing(self) -> None:
        self.full = False
        self.waiting = 0
        if self._reader is not None and self._step_due is None and not self._reading:
            self._step()

    def stopProducing(self) -> None:
        """The connection is lost; `stop` follows from the protocol."""

    # --- one batch after the other

    def _soon(self) -> None:
        if self._step_due is None and self._transport is not None and not self.full:
            self._step_due = self._turn.plan(self._reactor, self._step)

    def _unplan(self) -> None:
        """No step is planned any more."""
        if self._step_due is not None:
            self._step_due.cancel()
            self._step_due = None

    def _step(self) -> None:
        try:
            if not self._ranges and self._transport is not None and not self.full:
                self._finish()
            self._unplan()  # what began with the report goes on below; a second step would take a read for the end
            if self._ranges and self._transport is not None and not self.full:
                self._read(self._next_batch())
        except Exception:
            self._broken(Failure())

    def _finish(self) -> None:
        self._reader = None
        sent, self._sent = self._sent, 0
        self._drained(sent)

    def _next_batch(self) -> list[Range]:
        """What fits into one read of the next blocks, at least one."""
        ranges, room = self._ranges, self._block if self._one_by_one else self._room
        batch: list[Range] = []
        while ranges and room:
            piece, begin, length = ranges[0]
            if length <= room:
                batch.append(ranges.popleft())
                room -= length
                continue
            fits = room // self._block * self._block
            if fits:
                batch.append((piece, begin, fits))
                ranges[0] = (piece, begin + fits, length - fits)
            break
        return batch

    def _read(self, batch: list[Range]) -> None:
        assert self._reader is not None
        size = sum([length for _, _, length in batch])
        try:
            if self._reader.read_now(batch, self._buffer.memory[:size]):
                self._push(batch, size, self._buffer.messages(batch, self._block, size))
                return
        except StorageError as error:
            self._unreadable(batch, error)
            return
        self._reading = True
        later = self._reader.read(batch).addCallbacks(
            self._arrived, self._missed, callbackArgs=(batch, size), errbackArgs=(batch,)
        )
        later.addErrback(self._broken)

    def _arrived(self, data: Bytes, batch: list[Range], size: int) -> None:
        self._reading = False
        if self._transport is not None:
            self._push(batch, size, messages(batch, self._block, memoryview(data)))

    def _missed(self, failure: Failure, batch: list[Range]) -> None:
        self._reading = False
        if self._transport is not None:
            error = failure.value
            if not isinstance(error, StorageError):
                self._broken(failure)
                return
            self._unreadable(batch, error)

    def _unreadable(self, batch: list[Range], error: Exception) -> None:
        """Say which piece it is: a batch of many blocks is read again one by one."""
        if len(batch) > 1 or batch[0][2] > self._block:
            self._one_by_one = True
            self._ranges.extendleft(reversed(batch))
            self._soon()
            return
        self._ranges.clear()
        self._reader = None
        self._failed(batch[0][0], error)

    def _push(self, batch: list[Range], size: int, views: list[Bytes]) -> None:
        """Send the batch of `size` bytes, whose messages are `views`."""
        count = len(views) // 2
        whole = size + PIECE_HEADER * count
        sent = self._offer(views, whole) if self._direct and self._pace is None else 0
        if sent < whole:
            count = _worth_keeping(views, sent)
            size = sum(map(len, views[1 : 2 * count : 2]))
            self._ranges.extendleft(reversed(_behind(batch, size)))
            self._write(_rest(views[: 2 * count], sent))
        self._sent += size
        self.written += size + PIECE_HEADER * count
        self._soon()

    def _write(self, data: bytes) -> None:
        if self._spread is not None and self._pace is not None:
            self._spread(data, self._pace)
        else:
            self._transport.write(data)

    def _offer(self, views: list[Bytes], whole: int) -> int:
        """How much of the messages, `whole` bytes, the socket took; the next batch is cut to that, or a bit longer."""
        sent: int = self._transport.offer(views)
        room = self._room + self._room // 8 if sent == whole else max(sent, SEND_BUFFER)
        self._room = min(room, len(self._buffer.memory))
        return sent


def _worth_keeping(views: list[Bytes], sent: int) -> int:
    """How many of the messages are out or wait in memory; those behind them are read again."""
    end = 0
    for index, block in enumerate(views[1::2]):
        start, end = end, end + PIECE_HEADER + len(block)
        if start >= sent and end > sent + SEND_BUFFER:
            return index
    return len(views) // 2


def _behind(batch: list[Range], size: int) -> list[Range]:
    """What follows the first `size` bytes, which are whole blocks."""
    rest: list[Range] = []
    for piece, begin, length in batch:
        here = min(size, length)
        size -= here
        if here < length:
            rest.append((piece, begin + here, length - here))
    return rest


def _rest(views: list[Bytes], sent: int) -> bytes:
    """An owned copy of what follows the first `sent` bytes."""
    for index, view in enumerate(views):
        if sent < len(view):
            return b"".join((memoryview(view)[sent:], *views[index + 1 :]))
        sent -= len(view)
    return b""
