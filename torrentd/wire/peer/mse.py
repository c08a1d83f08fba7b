"""Message stream encryption (MSE/PE), the exchange before the handshake of BEP 3, as bytes in and bytes out.

It hides BitTorrent from those who slow it down; it is no security (RC4, no authentication). Both sides make keys by
Diffie-Hellman and by the info hash, which is never sent; then they agree on RC4 or on plain text for all that follows:

    A dials   -> Ya, pad                                            96 bytes and 0 to 512 of luck
    B         <- Yb, pad
    A         -> sha1(req1 S), sha1(req2 hash) ^ sha1(req3 S), RC4(VC, provide, pad, IA)
    B         <- RC4(VC, select, pad)                               and everything else

The lengths of the first pads are not told: B looks for `sha1(req1 S)`, A for the encrypted VC. IA is A's first payload,
sent early to save a round trip; it is RC4 whatever is agreed on.

`Initiator` and `Responder` are fed what arrives and answer what to send; `secured` is set when the exchange is over.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from hashlib import sha1
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from torrentd.model.errors import ProtocolError

PRIME: Final = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A36210000000000090563",
    16,
)
GENERATOR: Final = 2
PRIVATE_BITS: Final = 160
"""Of a private key: more adds nothing to the secret that RC4 makes of it."""

KEY: Final = 96
"""Bytes of a public key and of the secret S."""

MOST_PAD: Final = 512
VC: Final = bytes(8)
"""The verification constant, by which A finds the end of B's pad."""

PLAIN: Final = 0x01
RC4: Final = 0x02

DISCARD: Final = 1024
"""Bytes of key stream that are thrown away: RC4's first ones tell something about the key."""

MOST_EARLY: Final = 16 * 1024
"""Bytes of payload that may come with the exchange: a handshake and some messages. The field would allow 64 KiB."""

_DIGEST: Final = 20
_TOLD: Final = len(VC) + 4 + 2
"""Verification constant, methods, length of the pad."""


class KeyStream(Protocol):
    """RC4 in one direction."""

    def update(self, data: bytes, /) -> bytes:
        """Encrypt or decrypt what comes next."""


MakeKeyStream: TypeAlias = Callable[[bytes], KeyStream]
"""RC4 with this key, from its first byte."""


class Secured(Struct):
    """How it goes on. The key streams are None for plain text."""

    method: int
    """PLAIN or RC4"""
    encrypt: KeyStream | None
    decrypt: KeyStream | None
    received: bytes
    """what the peer sent after its part of the exchange, in plain text"""


class _Side:
    """What both sides do."""

    def __init__(self, rng: random.Random, make: MakeKeyStream) -> None:
        self.secured: Secured | None = None
        self._rng = rng
        self._make = make
        self._private = rng.getrandbits(PRIVATE_BITS) | 1
        self._received = b""
        self._secret = b""

    def _opening(self) -> bytes:
        """Our public key and pad."""
        return pow(GENERATOR, self._private, PRIME).to_bytes(KEY, "big") + self._pad()

    def _pad(self) -> bytes:
        return self._rng.randbytes(self._rng.randrange(MOST_PAD + 1))

    def _agree(self) -> bool:
        """Read the peer's public key; whether it was there."""
        if len(self._received) < KEY:
            return False
        theirs = int.from_bytes(self._received[:KEY], "big")
        if not 1 < theirs < PRIME - 1:
            raise ProtocolError("a public key that makes no secret")
        self._received = self._received[KEY:]
        self._secret = pow(theirs, self._private, PRIME).to_bytes(KEY, "big")
        return True

    def _stream(self, name: bytes, info_hash: bytes) -> KeyStream:
        stream = self._make(sha1(name + self._secret + info_hash).digest())
        stream.update(bytes(DISCARD))
        return stream

    def _skip_to(self, mark: bytes) -> bool:
        """Drop what was received up to the end of `mark`, which follows a pad; whether it was there."""
        at = self._received.find(mark)
        if 0 <= at <= MOST_PAD:
            self._received = self._received[at + len(mark) :]
            return True
        if len(self._received) >= MOST_PAD + len(mark):
            raise ProtocolError("the peer does not take part in the encryption")
        return False

    def _finish(self, method: int, encrypt: KeyStream, decrypt: KeyStream, early: bytes = b"") -> None:
        """`early`: the peer's payload that came with the exchange."""
        rest, self._received = self._received, b""
        if method == RC4:
            self.secured = Secured(method, encrypt, decrypt, early + decrypt.update(rest))
        else:
            self.secured = Secured(method, None, None, early + rest)


class Initiator(_Side):
    """Who dials. `provide`: the methods that we accept, `payload`: what to send with the exchange."""

    def __init__(self, info_hash: bytes, provide: int, payload: bytes, rng: random.Random, make: MakeKeyStream) -> None:
        super().__init__(rng, make)
        self._info_hash = info_hash
        self._provide = provide
        self._payload = payload
        self._encrypt: KeyStream | None = None
        self._decrypt: KeyStream | None = None
        self._mark = b""
        self._told: bytes | None = None

    def opening(self) -> bytes:
        """What to send first."""
        return self._opening()

    def feed(self, data: bytes) -> bytes:
        """What to send now, after these bytes arrived. ProtocolError: it does not come about."""
        self._received += data
        reply = b""
        if self._decrypt is None:
            if not self._agree():
                return b""
            reply = self._proof()
        decrypt, encrypt = self._decrypt, self._encrypt
        assert decrypt is not None and encrypt is not None
        if self._mark:
            if not self._skip_to(self._mark):
                return reply
            self._mark = b""
        if self._told is None:
            if len(self._received) < _TOLD - len(VC):
                return reply
            self._told = decrypt.update(self._received[: _TOLD - len(VC)])
            self._received = self._received[_TOLD - len(VC) :]
        method, pad = int.from_bytes(self._told[:4], "big"), int.from_bytes(self._told[4:], "big")
        if method not in (PLAIN, RC4) or not method & self._provide:
            raise ProtocolError("the peer chose an encryption that was not offered")
        if pad > MOST_PAD:
            raise ProtocolError("the peer's pad is too long")
        if len(self._received) >= pad:
            decrypt.update(self._received[:pad])
            self._received = self._received[pad:]
            self._finish(method, encrypt, decrypt)
        return reply

    def _proof(self) -> bytes:
        """The third message: that we know S and the info hash, and what we offer."""
        secret, info_hash = self._secret, self._info_hash
        encrypt = self._encrypt = self._stream(b"keyA", info_hash)
        decrypt = self._decrypt = self._stream(b"keyB", info_hash)
        self._mark = decrypt.update(VC)  # as it looks on the wire: XOR goes both ways
        hidden = _xor(obfuscated(info_hash), sha1(b"req3" + secret).digest())
        offer = VC + self._provide.to_bytes(4, "big") + bytes(2) + len(self._payload).to_bytes(2, "big")
        return sha1(b"req1" + secret).digest() + hidden + encrypt.update(offer + self._payload)


class Responder(_Side):
    """Who is dialled. `find` names the info hash that `obfuscated` makes this of, None if it is not here; `choose`
    picks one of the offered methods, 0 for none of them."""

    def __init__(
        self,
        find: Callable[[bytes], bytes | None],
        choose: Callable[[int], int],
        rng: random.Random,
        make: MakeKeyStream,
    ) -> None:
        super().__init__(rng, make)
        self._find = find
        self._choose = choose
        self._mark = b""
        self._encrypt: KeyStream | None = None
        self._decrypt: KeyStream | None = None
        self._plain = b""
        """decrypted, from the verification constant on"""

    def feed(self, data: bytes) -> bytes:
        """What to send now, after these bytes arrived. ProtocolError: it does not come about."""
        self._received += data
        reply = b""
        if not self._secret:
            if not self._agree():
                return b""
            reply = self._opening()
            self._mark = sha1(b"req1" + self._secret).digest()
        if self._mark:
            if not self._skip_to(self._mark):
                return reply
            self._mark = b""
        if self._decrypt is None and not self._recognise():
            return reply
        return reply + self._answer()

    def _recognise(self) -> bool:
        """Which torrent it is about; whether that was there."""
        if len(self._received) < _DIGEST:
            return False
        hidden, self._received = self._received[:_DIGEST], self._received[_DIGEST:]
        info_hash = self._find(_xor(hidden, sha1(b"req3" + self._secret).digest()))
        if info_hash is None:
            raise ProtocolError("the peer wants a torrent that is not here")
        self._decrypt = self._stream(b"keyA", info_hash)
        self._encrypt = self._stream(b"keyB", info_hash)
        return True

    def _answer(self) -> bytes:
        """Read what is offered, with the early payload behind it; choose."""
        decrypt, encrypt = self._decrypt, self._encrypt
        assert decrypt is not None and encrypt is not None
        if not self._has(decrypt, _TOLD):
            return b""
        if self._plain[: len(VC)] != VC:
            raise ProtocolError("the peer encrypts with another key")
        offered = int.from_bytes(self._plain[len(VC) : len(VC) + 4], "big")
        pad = int.from_bytes(self._plain[_TOLD - 2 : _TOLD], "big")
        if pad > MOST_PAD:
            raise ProtocolError("the peer's pad is too long")
        if not self._has(decrypt, _TOLD + pad + 2):
            return b""
        early = int.from_bytes(self._plain[_TOLD + pad : _TOLD + pad + 2], "big")
        if early > MOST_EARLY:
            raise ProtocolError("too much comes with the encryption's exchange")
        if not self._has(decrypt, _TOLD + pad + 2 + early):
            return b""
        method = self._choose(offered)
        if not method:
            raise ProtocolError("the peer offers no encryption that is allowed here")
        self._finish(method, encrypt, decrypt, self._plain[_TOLD + pad + 2 :])
        return encrypt.update(VC + method.to_bytes(4, "big") + bytes(2))

    def _has(self, decrypt: KeyStream, count: int) -> bool:
        """Decrypt until there are `count` bytes, not more: plain text may follow. Whether there are."""
        missing = count - len(self._plain)
        if missing > 0:
            self._plain += decrypt.update(self._received[:missing])
            self._received = self._received[missing:]
        return len(self._plain) >= count


def obfuscated(info_hash: bytes) -> bytes:
    """How a torrent is named before anything is encrypted: who knows the info hash recognises it."""
    return sha1(b"req2" + info_hash).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
