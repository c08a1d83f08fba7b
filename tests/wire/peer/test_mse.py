from __future__ import annotations

from hashlib import sha1
from itertools import cycle
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.errors import ProtocolError
from torrentd.wire.peer import mse
from torrentd.wire.peer.mse import KEY, MOST_PAD, PLAIN, PRIME, RC4, VC, Initiator, Responder, Secured, obfuscated

HASH = b"\x07" * 20
HELLO = b"the handshake of A"
BOTH = PLAIN | RC4


class Stream:
    """Not RC4, but a key stream all the same: XOR with digests of the key, in order."""

    def __init__(self, key: bytes) -> None:
        self._state = key
        self._ahead = b""

    def update(self, data: bytes) -> bytes:
        while len(self._ahead) < len(data):
            self._state = sha1(self._state).digest()
            self._ahead += self._state
        mask, self._ahead = self._ahead[: len(data)], self._ahead[len(data) :]
        return bytes(one ^ other for one, other in zip(data, mask, strict=True))


def pair(seed: int = 1, *, provide: int = BOTH, accept: int = BOTH, known: bytes = HASH) -> tuple[Initiator, Responder]:
    def choose(offered: int) -> int:
        common = offered & accept
        return common & -common

    a = Initiator(HASH, provide, HELLO, Random(seed), Stream)
    b = Responder(lambda named: known if named == obfuscated(known) else None, choose, Random(seed + 1), Stream)
    return a, b


def exchange(a: Initiator, b: Responder, cut: int = 1 << 20) -> None:
    """Both sides, each hearing at most `cut` bytes at a time."""
    to_a, to_b = b"", a.opening()
    while to_a or to_b:
        heard, to_b = to_b[:cut], to_b[cut:]
        to_a += b.feed(heard) if heard else b""
        heard, to_a = to_a[:cut], to_a[cut:]
        to_b += a.feed(heard) if heard else b""


def secured(side: Initiator | Responder) -> Secured:
    assert side.secured is not None
    return side.secured


@pytest.mark.parametrize("cut", [1, 2, 7, 96, 97, 1 << 20])
@pytest.mark.parametrize("seed", range(3))
def test_both_agree_however_the_bytes_come(seed: int, cut: int) -> None:
    a, b = pair(seed, accept=RC4)
    exchange(a, b, cut)
    one, other = secured(a), secured(b)
    assert (one.method, other.method) == (RC4, RC4)
    assert (one.received, other.received) == (b"", HELLO)
    assert one.encrypt and one.decrypt and other.encrypt and other.decrypt
    assert other.decrypt.update(one.encrypt.update(b"to B")) == b"to B"
    assert one.decrypt.update(other.encrypt.update(b"to A")) == b"to A"


def test_plain_text_after_the_exchange() -> None:
    a, b = pair(accept=PLAIN)
    exchange(a, b)
    assert secured(a) == Secured(PLAIN, None, None, b"")
    assert secured(b) == Secured(PLAIN, None, None, HELLO)


@pytest.mark.parametrize("method", [PLAIN, RC4])
def test_what_follows_at_once_is_payload(method: int) -> None:
    a, b = pair(accept=method)
    reply = b.feed(a.opening())
    proof = a.feed(reply)
    answer = b.feed(proof)
    more = b"of B" if method == PLAIN else secured(b).encrypt.update(b"of B")  # type: ignore[union-attr]
    assert a.feed(answer + more) == b""
    assert secured(a).received == b"of B"


@pytest.mark.parametrize("method", [PLAIN, RC4])
def test_what_the_dialler_sends_behind_its_proof(method: int) -> None:
    a, b = pair(provide=method)
    proof = a.feed(b.feed(a.opening()))
    assert a._encrypt is not None
    more = b"more" if method == PLAIN else a._encrypt.update(b"more")
    b.feed(proof + more)
    assert secured(b).received == HELLO + b"more"


def test_pads_have_all_lengths() -> None:
    lengths = {len(pair(seed)[0].opening()) - KEY for seed in range(3000)}
    assert min(lengths) == 0 and max(lengths) == MOST_PAD


def test_the_torrent_is_not_here() -> None:
    a, b = pair(known=b"\x08" * 20)
    with pytest.raises(ProtocolError, match="not here"):
        exchange(a, b)


def test_nothing_in_common() -> None:
    a, b = pair(provide=PLAIN, accept=RC4)
    with pytest.raises(ProtocolError, match="no encryption that is allowed"):
        exchange(a, b)


@pytest.mark.parametrize("key", [0, 1, PRIME - 1, PRIME, 2 ** (8 * KEY) - 1])
def test_public_keys_that_make_no_secret(key: int) -> None:
    for side in pair():
        with pytest.raises(ProtocolError, match="no secret"):
            side.feed(key.to_bytes(KEY, "big"))


def test_noise_in_place_of_a_pad_ends_when_it_is_too_long() -> None:
    good_key = pow(2, 99, PRIME).to_bytes(KEY, "big")
    for side in pair():
        side.feed(good_key)
        side.feed(bytes(MOST_PAD))
        with pytest.raises(ProtocolError, match="does not take part"):
            side.feed(bytes(20))


def test_another_constant() -> None:
    a, b = pair()
    proof = a.feed(b.feed(a.opening()))
    with pytest.raises(ProtocolError, match="another key"):
        b.feed(proof[:40] + bytes([proof[40] ^ 1]) + proof[41:])


@pytest.mark.parametrize(
    ("method", "pad", "problem"), [(4, 0, "not offered"), (0, 0, "not offered"), (RC4, 513, "too long")]
)
def test_answers_that_make_no_sense(method: int, pad: int, problem: str) -> None:
    a, b = pair()
    b.feed(a.feed(b.feed(a.opening())))
    stream = Responder(lambda _: HASH, lambda _: RC4, Random(2), Stream)
    stream._secret = b._secret
    answer = stream._stream(b"keyB", HASH).update(VC + method.to_bytes(4, "big") + pad.to_bytes(2, "big"))
    with pytest.raises(ProtocolError, match=problem):
        a.feed(answer)


@pytest.mark.parametrize(
    ("pad", "early", "problem"),
    [(513, 0, "too long"), (0, mse.MOST_EARLY + 1, "too much"), (512, 0, ""), (0, 9000, "")],
)
def test_the_limits_of_what_is_offered(pad: int, early: int, problem: str) -> None:
    a, b = pair()
    a.feed(b.feed(a.opening()))
    offer = VC + BOTH.to_bytes(4, "big") + pad.to_bytes(2, "big") + bytes(pad) + early.to_bytes(2, "big") + bytes(early)
    secret = a._secret
    hidden = mse._xor(obfuscated(HASH), sha1(b"req3" + secret).digest())
    proof = sha1(b"req1" + secret).digest() + hidden + a._stream(b"keyA", HASH).update(offer)
    if problem:
        with pytest.raises(ProtocolError, match=problem):
            b.feed(proof)
    else:
        b.feed(proof)
        assert secured(b).received == bytes(early)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=12), st.booleans())
def test_whatever_comes_ends_or_waits(chunks: list[bytes], incoming: bool) -> None:
    side = pair()[incoming]
    for chunk in chunks:
        try:
            side.feed(chunk)
        except ProtocolError:
            return
    assert side.secured is None


@given(st.integers(0, 10_000), st.lists(st.integers(1, 200), min_size=1))
def test_luck_and_cuts(seed: int, cuts: list[int]) -> None:
    a, b = pair(seed)
    sizes = cycle(cuts)
    to_a, to_b = b"", a.opening()
    while to_a or to_b:
        cut = next(sizes)
        if to_b:
            to_a, to_b = to_a + b.feed(to_b[:cut]), to_b[cut:]
        if to_a:
            to_b, to_a = to_b + a.feed(to_a[:cut]), to_a[cut:]
    assert secured(a).method == secured(b).method == PLAIN
    assert secured(b).received == HELLO
