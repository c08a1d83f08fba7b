"""One connection to a peer: handshake, then messages in and blocks out, for an owner who decides.

The same class runs over our own transport, which lends it the bytes of a read (`dataInto`), and over any plain Twisted
one (`dataReceived`): the fast path and the compatible one differ in copies only.

Before the handshake an exchange of keys may come (see encryption.py). What is read is decrypted where it lies; what is
sent goes through a transport that encrypts, which keeps nothing back and so costs copies.

It ends in one way: `close` or the loss of the connection, whichever is first, gives the reason; `connectionLost` (or
the failed connect) reports it, once. What it bounds: 10 s for the whole handshake; one incomplete message kept;
CONTROL_BUFFER of queued control messages, beyond which a peer that does not read is closed; SEND_BUFFER of blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.address import Address
from torrentd.model.errors import ProtocolError
from torrentd.net import reasons
from torrentd.net.buffers import Buffers
from torrentd.net.encryption import NAMES, NONE, EncryptingTransport, Exchanges, begins_plain
from torrentd.net.handshaking import Handshaking
from torrentd.net.interfaces import BlockReader, Identity, PeerOwner, Reception
from torrentd.net.serving import Serving
from torrentd.wire.peer.framing import Framing
from torrentd.wire.peer.handshake import LENGTH as HANDSHAKE_LENGTH
from torrentd.wire.peer.handshake import Handshake
from torrentd.wire.peer.messages import Range
from torrentd.wire.peer.mse import Initiator, Responder

HANDSHAKE_TIMEOUT: Final = 10.0
"""Seconds for the whole handshake, however the bytes drip in."""

CONTROL_BUFFER: Final = 256 * 1024
"""Bytes of control messages that may wait behind a full socket. A peer that lets so much pile up (20,000 requests)
does not read at all, and is closed."""

LONG: Final = 64 * 1024
"""Bytes of an incomplete message from which on the rest is read in pieces of this size."""

DISK_BUSY: Final = "disk busy"
RATE: Final = "rate"


class PeerProtocol(Protocol):
    """Implements `PeerConnection` (see interfaces.py) and `Receiver`. `identity` is given if we dial, `encrypted`
    then says how."""

    transport: Any

    def __init__(
        self,
        reactor: Any,
        buffers: Buffers,
        reception: Reception,
        address: Address,
        key: int,
        exchanges: Exchanges,
        identity: Identity | None = None,
        encrypted: bool = False,
        handshake_timeout: float = HANDSHAKE_TIMEOUT,
    ) -> None:
        self.key = key
        self.address = address
        self.incoming = identity is None
        self.tail = b""
        self.bytes_in = 0
        self.encryption = NONE
        self.declined = False
        self._exchanges = exchanges
        self._encrypted = encrypted
        self._undecided = self.incoming and exchanges.rule.takes_encrypted
        """an incoming peer has not shown yet whether it encrypts"""
        self._exchange: Initiator | Responder | None = None
        self._decrypt: Any = None
        self._control_out = 0
        self._waits_for = 1
        """bytes that the transport waits for"""
        self._reactor = reactor
        self._reception = reception
        self._handshaking = Handshaking(identity, reception.identify)
        self._handshake_timeout = handshake_timeout
        self._deadline: Any = None
        self._serving = Serving(reactor, buffers, self._drained, self._read_failed, self._broken)
        self._framing: Framing | None = None
        self._owner: PeerOwner | None = None
        self._attempt: Any = None
        self._control: list[bytes] = []
        self._paused: set[str] = set()
        self._reason: str | None = None
        self._ended = False

    @property
    def identity(self) -> Identity | None:
        return self._handshaking.identity

    @property
    def shakes_hands(self) -> bool:
        """It has no owner yet, and may still get one."""
        return self._owner is None and self._reason is None and not self._ended

    @property
    def bytes_out(self) -> int:
        return self._control_out + self._serving.written

    # --- the connection comes and goes

    def dialled(self, attempt: Any, timeout: float) -> None:
        """`attempt` is the Deferred of our connect; `close` cancels it."""
        self._attempt = attempt
        attempt.addErrback(self._connect_failed, timeout)

    def _connect_failed(self, failure: Failure, timeout: float) -> None:
        self._attempt = None
        # later, for `close` and the connect itself may have been called by the owner
        self._reactor.callLater(0, self._end, self._reason or reasons.connect_failed(failure, timeout))

    def connectionMade(self) -> None:
        self._attempt = None
        self._deadline = self._reactor.callLater(self._handshake_timeout, self._too_slow)
        self._serving.attach(self.transport)
        if self._paused:
            self.transport.pauseProducing()
        opening = self._handshaking.opening()
        if self._encrypted:
            assert self.identity is not None
            self._exchange = self._exchanges.begin(self.identity, opening)
            opening = self._exchange.opening()
        self.send(opening)
        self.flush()

    def _too_slow(self) -> None:
        self._deadline = None
        self._note_exchange()
        self.close(f"no handshake within {self._handshake_timeout:g} s")

    def _note_exchange(self) -> None:
        """The connection ends, and not by the owner's wish."""
        self.declined = self._exchange is not None and not self.incoming

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._reason is None:
            self._note_exchange()
        self._end(self._reason or reasons.connection_lost(reason))

    def close(self, reason: str) -> None:
        """End it at once; `closed` or `refused` follows with this reason, from the reactor."""
        if self._reason is not None or self._ended:
            return
        self._reason = reason
        self._release()
        if self._attempt is not None:
            self._attempt.cancel()
        elif self.transport is not None:
            self.transport.abortConnection()

    def _release(self) -> None:
        """Give back what a connection holds while it lives."""
        self._serving.stop()
        self._control.clear()
        self.tail = b""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self, reason: str) -> None:
        if self._ended:
            return
        self._ended = True
        self._release()
        try:
            if self._owner is not None:
                if self._serving.unreported:  # a peer that has got all it wanted closes before that is reported
                    self._owner.drained(self, self._serving.unreported)
                self._owner.closed(self, reason)
            else:
                self._reception.refused(self, reason)
        except Exception:
            _log.failure("the end of {address} was not taken note of", address=self.address)

    # --- in

    def dataReceived(self, data: bytes) -> None:
        """What a plain Twisted transport read."""
        whole = memoryview(bytearray(self.tail + data))
        self.dataInto(whole, len(whole))

    def dataInto(self, view: memoryview, end: int) -> None:
        """`view[:end]` is `tail` and what was just read, which is decrypted in place; see `Receiver`."""
        kept = len(self.tail)
        self.bytes_in += end - kept
        if self._reason is not None:
            return
        try:
            if self._decrypt is not None:
                self._decrypt.update_into(view[kept:end], view[kept:end])
            if self._framing is None:
                self._shake(view[:end])
            else:
                self._deliver(self._framing, view, end)
        except ProtocolError as error:
            self._note_exchange()
            self.close(str(error))
        except Exception:
            self._broken(Failure())

    def _shake(self, data: memoryview) -> None:
        if self._undecided:
            self._decide(bytes(data))
        if self._exchange is not None:
            self.tail = b""
            self._agree(self._exchange, bytes(data))
        elif not self._undecided:
            self._greet(data)

    def _decide(self, data: bytes) -> None:
        """The first bytes tell what an incoming peer speaks; until there are enough, nothing is answered."""
        plain = begins_plain(data)
        self.tail = data
        self._undecided = plain is None
        if plain and not self._exchanges.rule.takes_plain:
            raise ProtocolError("it is not encrypted")
        if plain is False:
            self._exchange = self._exchanges.answer(self._reception.recognise)

    def _agree(self, exchange: Initiator | Responder, data: bytes) -> None:
        """One step of the exchange of keys; what comes behind it is the handshake."""
        self.send(exchange.feed(data))
        self.flush()
        secured = exchange.secured
        if secured is None:
            return
        self._exchange = None
        self.encryption = NAMES[secured.method]
        self._decrypt = secured.decrypt
        if secured.encrypt is not None:
            self.transport = EncryptingTransport(self.transport, secured.encrypt)
            self._serving.attach(self.transport)
        if secured.received:
            self._greet(memoryview(secured.received))

    def _greet(self, data: memoryview) -> None:
        reply, handshake = self._handshaking.feed(data)
        self.send(reply)
        self.flush()
        if handshake is None:
            self.tail = bytes(data)
            return
        framing = self._establish(handshake)
        if self._reason is None:
            self._deliver(framing, data[HANDSHAKE_LENGTH:], len(data) - HANDSHAKE_LENGTH)

    def _establish(self, handshake: Handshake) -> Framing:
        assert self.identity is not None
        self._framing = Framing(self.identity.piece_count)
        self._deadline.cancel()
        self._deadline = None
        self._owner = self._reception.established(self, handshake)
        return self._framing

    def _deliver(self, framing: Framing, view: memoryview, end: int) -> None:
        messages, used = framing.scan(view, end)
        self.tail = bytes(view[used:end])
        if self._waits_for > 1 or len(self.tail) > LONG:
            self._wait_for(framing.missing(self.tail) if len(self.tail) > LONG else 1)
        if messages and self._owner is not None:
            self._owner.received(self, messages)

    def _wait_for(self, missing: int) -> None:
        """Let the transport read so many bytes of a long message at once, if it can."""
        self._waits_for = min(missing, LONG)
        wait = getattr(self.transport, "wait_for", None)
        if wait is not None:
            wait(self._waits_for)

    def hand_over(self, owner: PeerOwner, piece_count: int) -> None:
        """Report to another owner from now on; the torrent has so many pieces. Only after `established`."""
        self._owner = owner
        self.learn(piece_count)

    def learn(self, piece_count: int) -> None:
        """The torrent has so many pieces, which was not known when the connection was made."""
        if self._framing is not None:
            self._framing.learn(piece_count)

    def pause_reading(self, why: str = DISK_BUSY) -> None:
        """Do not read until every reason given is resumed."""
        if not self._paused and self.transport is not None and self._reason is None:
            self.transport.pauseProducing()
        self._paused.add(why)

    def resume_reading(self, why: str = DISK_BUSY) -> None:
        if why not in self._paused:
            return
        self._paused.discard(why)
        if not self._paused and self.transport is not None and self._reason is None:
            self.transport.resumeProducing()

    def pace_reading(self, pace: float | None) -> None:
        if self.transport is not None and self._reason is None:
            pace_reading = getattr(self.transport, "pace_reading", None)
            if pace_reading is not None:
                pace_reading(pace)

    # --- out

    def send(self, data: bytes) -> None:
        """Queue encoded control messages; they leave at `flush`, in one write."""
        if data and self._reason is None:
            self._control.append(data)

    def flush(self) -> None:
        """Hand the queued messages to the transport."""
        if not self._control or self.transport is None:
            return
        data = b"".join(self._control)
        self._control.clear()
        self._control_out += len(data)
        self.transport.write(data)
        if self._serving.full:
            self._serving.waiting += len(data)
            if self._serving.waiting > CONTROL_BUFFER:
                self.close("the peer does not read what we send")

    def serve(self, ranges: Sequence[Range], block: int, reader: BlockReader, pace: float | None = None) -> None:
        """Send these ranges in blocks of `block` bytes; ends with `drained` or `read_failed`. RuntimeError while
        another serve is under way."""
        if self._reason is None and not self._ended:
            self._serving.begin(ranges, block, reader, pace)

    def _drained(self, sent: int) -> None:
        if self._owner is not None:
            self._owner.drained(self, sent)

    def _read_failed(self, piece: int, error: Exception) -> None:
        if self._owner is not None:
            self._owner.read_failed(self, piece, error)

    def _broken(self, failure: Failure) -> None:
        """A bug of ours: it costs this connection, and is told in full."""
        _log.failure("closing {address}", failure=failure, address=self.address)
        self.close(reasons.OUR_FAULT)


_log = Logger()
