"""Which connections are encrypted, and how (see wire.peer.mse).

With "prefer" the exchange is obfuscated and what follows is plain text where the peer allows it: blocks cost nothing
more then. With "require" everything is RC4, and a peer that does not take part is no peer.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias

from twisted.logger import Logger

from torrentd.model.errors import ProtocolError, StorageError
from torrentd.net.ciphers import rc4, rc4_works
from torrentd.net.interfaces import Identity
from torrentd.wire.peer.handshake import START
from torrentd.wire.peer.mse import PLAIN, RC4, Initiator, KeyStream, Responder

log = Logger()

Mode: TypeAlias = Literal["off", "prefer", "require"]

NONE: Final = "none"
NAMES: Final = {PLAIN: "handshake", RC4: "rc4"}
"""What `torrent.peers` calls it: only the exchange is hidden, or everything."""

MISSING: Final = (
    "there is no RC4 here: OpenSSL's legacy provider is missing (on Debian: apt install openssl-provider-legacy)"
)

EXCHANGES_PER_SECOND: Final = 30.0
"""Incoming ones: each costs a millisecond of the reactor, and anybody may ask for it. As many as we dial."""

BURST: Final = 64.0
"""At once after a quiet time, as when a popular torrent starts."""


class Encryption:
    """The rule for all connections of a daemon. `secret_rng` makes keys and pads."""

    def __init__(self, mode: Mode, secret_rng: random.Random, reactor: Any) -> None:
        self.mode: Mode = mode
        self._rng = secret_rng
        self._reactor = reactor
        self._tokens = BURST
        self._refilled = 0.0

    def probe(self) -> None:
        """See whether this system can do it at all: if not, "prefer" becomes "off", with a warning. StorageError if
        the user requires it."""
        if self.mode == "off" or rc4_works():
            return
        if self.mode == "require":
            raise StorageError(f'peers.encryption is "require", but {MISSING}')
        log.warn("peers.encryption: off, for " + MISSING)
        self.mode = "off"

    @property
    def takes_plain(self) -> bool:
        """Whether a peer may begin with the handshake of BEP 3."""
        return self.mode != "require"

    @property
    def takes_encrypted(self) -> bool:
        return self.mode != "off"

    def initiator(self, identity: Identity, payload: bytes) -> Initiator:
        """Our side of an exchange that we begin."""
        methods = RC4 if self.mode == "require" else PLAIN | RC4
        return Initiator(identity.info_hash, methods, payload, self._rng, rc4)

    def responder(self, find: Callable[[bytes], bytes | None]) -> Responder:
        """Our side of an exchange that a peer begins. ProtocolError: too many begin."""
        now = self._reactor.seconds()
        self._tokens = min(BURST, self._tokens + (now - self._refilled) * EXCHANGES_PER_SECOND)
        self._refilled = now
        if self._tokens < 1.0:
            raise ProtocolError("too many encrypted handshakes at once")
        self._tokens -= 1.0
        return Responder(find, self._choose, self._rng, rc4)

    def _choose(self, offered: int) -> int:
        if offered & PLAIN and self.takes_plain:
            return PLAIN
        return offered & RC4


def begins_plain(data: bytes) -> bool | None:
    """Whether an incoming peer speaks BEP 3 at once; None: too little has come to tell. A public key that begins
    like the protocol's name does not happen."""
    seen = data[: len(START)]
    if not START.startswith(seen):
        return False
    return True if len(seen) == len(START) else None


class EncryptingTransport:
    """What a protocol writes to once all it says is encrypted. Reading stays with the protocol."""

    def __init__(self, transport: Any, stream: KeyStream) -> None:
        self._transport = transport
        self._stream = stream

    def write(self, data: bytes) -> None:
        """Encrypt and send; the order of writes is that of the key stream."""
        self._transport.write(self._stream.update(data))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """In place of the one that was registered before."""
        self._transport.unregisterProducer()
        self._transport.registerProducer(producer, streaming)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
