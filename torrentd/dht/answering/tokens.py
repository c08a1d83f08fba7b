"""Tokens: who announces a peer must have asked from the same address before (BEP 5).

A token is a digest of the address and a secret that changes every five minutes; that of the secret before is still
accepted, so a token is good for five to ten minutes. Nothing is stored per token.
"""

from __future__ import annotations

from hashlib import sha1
from hmac import compare_digest
from random import Random

from torrentd.dht.ids import packed

LIFETIME = 300.0
"""Seconds between two secrets (BEP 5)."""

LENGTH = 8
"""Bytes: one in 2^64 guesses is right."""

SECRET_LENGTH = 20


class Tokens:
    """Makes and checks tokens. `secret_rng` must be one that nobody can foresee."""

    def __init__(self, secret_rng: Random, now: float) -> None:
        self._rng = secret_rng
        self._secrets = [secret_rng.randbytes(SECRET_LENGTH)] * 2
        self._since = now

    def make(self, host: str, now: float) -> bytes:
        """The token for a node at this address."""
        self._rotate(now)
        return _token(self._secrets[0], host)

    def check(self, token: bytes, host: str, now: float) -> bool:
        """Whether `make` gave it to this address, lately."""
        self._rotate(now)
        return any(compare_digest(token, _token(secret, host)) for secret in self._secrets)

    def _rotate(self, now: float) -> None:
        periods = min(2, int((now - self._since) // LIFETIME))
        for _ in range(periods):
            self._secrets = [self._rng.randbytes(SECRET_LENGTH), self._secrets[0]]
        if periods:
            self._since = now - (now - self._since) % LIFETIME


def _token(secret: bytes, host: str) -> bytes:
    return sha1(secret + packed(host)).digest()[:LENGTH]
