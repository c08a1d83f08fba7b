"""Blocks from the disk to a peer's socket: the upload half of the fast path.

A run is read straight into the serve buffer of the reactor turn and offered to the socket as one `sendmsg` of headers
and views. What the socket does not take is kept as an owned copy up to SEND_BUFFER; the blocks beyond go back to the
list and are read again once the socket drained, which costs the same copy but holds no memory. The next run is read
only when nothing is queued. On a plain Twisted transport, which cannot send what it does not keep, a run is joined.

Each run starts from the reactor, never from inside `begin`: the owner is in the middle of its commands then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, Final

from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from torrentd.model.errors import StorageError
from torrentd.net.interfaces import BlockReader, Bytes
from torrentd.net.transport import DirectTransport
from torrentd.wire.peer.encode import block_headers
from torrentd.wire.peer.ids import PIECE_HEADER
from torrentd.wire.peer.messages import Range

BLOCKS: Final = 32
"""Blocks in one run: 512 KiB of 16 KiB blocks, the size of the serve buffer."""

SEND_BUFFER: Final = 256 * 1024
"""Bytes of blocks, headers included, that may wait in memory for one peer's socket."""


@implementer(IPushProducer)
class Serving:
    """One connection's serves, one after the other. `drained(sent)` and `failed(piece, error)` end a serve; `broken`
    takes the failure of anything unexpected. They are called from the reactor."""

    def __init__(
        self,
        reactor: Any,
        buffer: memoryview,
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
        self._buffer = buffer
        self._drained = drained
        self._failed = failed
        self._broken = broken
        self._transport: Any = None
        self._ranges: deque[Range] = deque()
        self._reader: BlockReader | None = None
        self._reading = False
        self._step_due: Any = None
        self._blocks = BLOCKS
        self._sent = 0

    def attach(self, transport: Any) -> None:
        """The connection is made: this is where the blocks go."""
        self._transport = transport
        self._direct = isinstance(transport, DirectTransport)
        transport.registerProducer(self, True)

    def begin(self, ranges: Sequence[Range], reader: BlockReader) -> None:
        """Serve these, in order. RuntimeError if a serve is under way."""
        if self._reader is not None:
            raise RuntimeError("a peer is served one list of blocks at a time")
        self._reader = reader
        self._ranges.extend(ranges)
        self._blocks = BLOCKS
        self._soon()

    def stop(self) -> None:
        """The connection ends: nothing is read or reported from here on."""
        self._transport = None
        self._ranges.clear()
        if self._step_due is not None:
            self._step_due.cancel()
            self._step_due = None

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

    # --- one run after the other

    def _soon(self) -> None:
        if self._transport is not None and not self.full:
            self._step_due = self._reactor.callLater(0, self._step)

    def _step(self) -> None:
        self._step_due = None
        if self._transport is None or self.full:
            return
        if not self._ranges:
            self._finish()
            return
        try:
            self._read(self._next_run())
        except Exception:
            self._broken(Failure())

    def _finish(self) -> None:
        self._reader = None
        sent, self._sent = self._sent, 0
        self._drained(sent)

    def _next_run(self) -> list[Range]:
        """The next blocks that fit into one read, at least one."""
        room = len(self._buffer) if self._direct else min(len(self._buffer), SEND_BUFFER)
        run = [self._ranges.popleft()]
        room -= run[0][2]
        while self._ranges and len(run) < self._blocks and self._ranges[0][2] <= room:
            run.append(self._ranges.popleft())
            room -= run[-1][2]
        return run

    def _read(self, run: list[Range]) -> None:
        assert self._reader is not None
        into = self._buffer[: sum(length for _, _, length in run)]
        try:
            if self._reader.read_now(run, into):
                self._push(run, into)
                return
        except StorageError as error:
            self._unreadable(run, error)
            return
        self._reading = True
        later = self._reader.read(run).addCallbacks(
            self._arrived, self._missed, callbackArgs=(run,), errbackArgs=(run,)
        )
        later.addErrback(self._broken)

    def _arrived(self, data: Bytes, run: list[Range]) -> None:
        self._reading = False
        if self._transport is not None:
            self._push(run, memoryview(data))

    def _missed(self, failure: Failure, run: list[Range]) -> None:
        self._reading = False
        if self._transport is not None:
            error = failure.value
            if not isinstance(error, StorageError):
                self._broken(failure)
                return
            self._unreadable(run, error)

    def _unreadable(self, run: list[Range], error: Exception) -> None:
        """Say which piece it is: a run of many blocks is read again one by one."""
        if len(run) > 1:
            self._blocks = 1
            self._ranges.extendleft(reversed(run))
            self._soon()
            return
        self._ranges.clear()
        self._reader = None
        self._failed(run[0][0], error)

    def _push(self, run: list[Range], data: memoryview) -> None:
        views = _messages(run, data)
        sent = self._transport.offer(views) if self._direct else 0
        kept = len(run)
        if sent < len(data) + PIECE_HEADER * kept:
            kept = _worth_keeping(run, sent)
            self._ranges.extendleft(reversed(run[kept:]))
            self._transport.write(_rest(views[: 2 * kept], sent))
        payload = sum(length for _, _, length in run[:kept])
        self._sent += payload
        self.written += payload + PIECE_HEADER * kept
        self._soon()


def _messages(run: list[Range], data: memoryview) -> list[Bytes]:
    """Header, block, header, block, ... ValueError if `data` is not as long as the run."""
    blocks, position = [], 0
    for _, _, length in run:
        blocks.append(data[position : position + length])
        position += length
    if position != len(data):
        raise ValueError(f"{len(data)} bytes were read for blocks of {position}")
    return list(chain.from_iterable(zip(block_headers(run), blocks, strict=True)))


def _worth_keeping(run: list[Range], sent: int) -> int:
    """How many messages of the run are out or wait in memory; those behind them are read again."""
    end = 0
    for index, (_, _, length) in enumerate(run):
        start, end = end, end + PIECE_HEADER + length
        if start >= sent and end > sent + SEND_BUFFER:
            return index
    return len(run)


def _rest(views: list[Bytes], sent: int) -> bytes:
    """An owned copy of what follows the first `sent` bytes."""
    for index, view in enumerate(views):
        if sent < len(view):
            return b"".join((memoryview(view)[sent:], *views[index + 1 :]))
        sent -= len(view)
    return b""
