"""Encrypted connections on their way to the peer: keys, ciphers, what is written. When and how to encrypt is said by
`policy.peers.encryption`; the exchange of keys is in `wire.peer.mse`."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from twisted.logger import Logger

from torrentd.model.errors import ProtocolError, StorageError
from torrentd.net.ciphers import rc4, rc4_works
from torrentd.net.interfaces import Identity
from torrentd.policy.peers.encryption import Encryption
from torrentd.wire.peer.handshake import START
from torrentd.wire.peer.mse import PLAIN, RC4, Initiator, KeyStream, Responder

log = Logger()

NONE: Final = "none"
NAMES: Final = {PLAIN: "handshake", RC4: "rc4"}
"""What `torrent.peers` calls it: only the exchange is hidden, or everything."""

MISSING: Final = (
    "there is no RC4 here: OpenSSL's legacy provider is missing (on Debian: apt install openssl-provider-legacy)"
)


class Exchanges:
    """Makes our side of exchanges of keys, as `rule` wants them. `secret_rng` makes keys and pads."""

    def __init__(self, rule: Encryption, secret_rng: random.Random, reactor: Any) -> None:
        self.rule = rule
        self._rng = secret_rng
        self._reactor = reactor

    def begin(self, identity: Identity, payload: bytes) -> Initiator:
        """One that we begin."""
        return Initiator(identity.info_hash, self.rule.methods, payload, self._rng, rc4)

    def answer(self, find: Callable[[bytes], bytes | None]) -> Responder:
        """One that a peer begins. ProtocolError: too many do."""
        if not self.rule.may_exchange(self._reactor.seconds()):
            raise ProtocolError("too many encrypted handshakes at once")
        return Responder(find, self.rule.choose, self._rng, rc4)


def probe(rule: Encryption) -> None:
    """See whether this system can encrypt at all: if not, "prefer" becomes "off", with a warning. StorageError if the
    user requires it."""
    if rule.mode == "off" or rc4_works():
        return
    if rule.mode == "require":
        raise StorageError(f'peers.encryption is "require", but {MISSING}')
    log.warn("peers.encryption: off, for " + MISSING)
    rule.mode = "off"


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

    def spread(self, data: bytes, pace: float) -> None:
        """Encrypt and send; at a pace, if the transport below can."""
        encrypted, spread = self._stream.update(data), getattr(self._transport, "spread", None)
        if spread is None:
            self._transport.write(encrypted)
        else:
            spread(encrypted, pace)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """In place of the one that was registered before."""
        self._transport.unregisterProducer()
        self._transport.registerProducer(producer, streaming)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
