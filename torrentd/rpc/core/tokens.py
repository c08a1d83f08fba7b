"""The tokens that programs show over TCP: the first one, which is in a file, and those that the user makes of it.

A token is 256 bits from the machine's generator, so its SHA-256 is as good as the token to recognise it by, and is all
that is kept. Whoever reads the database cannot call with it. What is shown is compared with every token there is, and
each comparison takes the same time for whatever is shown.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection
from random import Random
from typing import Final, Protocol

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from torrentd.model.errors import RpcError
from torrentd.rpc.core.context import OWNER, Grant, Grantable

_log = Logger()

KEPT: Final = "tokens"
MAX_TOKENS: Final = 64
"""Each is compared with what every request over TCP shows."""
TOKEN_BYTES: Final = 32
LOOK_AGAIN: Final = 60.0
"""Seconds: the calendar's clock may be set, so an end that is farther away is looked at again."""


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token as it is kept. Times are Unix seconds."""

    name: str
    digest: bytes
    """SHA-256 of its hex digits"""
    scopes: list[Grantable]
    created_at: float
    expires: float | None


class Keeping(Protocol):
    """What `session.control.Control` has to keep values of other layers."""

    def kept(self, name: str) -> object: ...

    def keep(self, name: str, value: object) -> Deferred[None]: ...


class Tokens:
    """`first` is the token of the state directory: it may do everything, and is neither listed nor revoked.
    `wall_clock` tells Unix seconds."""

    def __init__(
        self,
        first: str,
        keeping: Keeping,
        clock: IReactorTime,
        wall_clock: Callable[[], float],
        secret_rng: Random,
    ) -> None:
        if not first:
            raise ValueError("an empty token would let everyone in")
        self.ended: Callable[[Grant], None] = lambda grant: None
        """is told of each grant that is worth nothing any more"""
        self._first = first.encode("ascii")
        self._keeping = keeping
        self._clock = clock
        self._wall_clock = wall_clock
        self._secret_rng = secret_rng
        self._tokens: dict[str, Token] = {token.name: token for token in _stored(keeping.kept(KEPT))}
        self._grants = {name: _grant(token) for name, token in self._tokens.items()}
        self._timer: IDelayedCall | None = None
        self._end_the_expired()

    def grant(self, shown: bytes) -> Grant | None:
        """What this secret allows; None if it is no token, or an expired one."""
        if hmac.compare_digest(shown, self._first):
            return OWNER
        digest, found = hashlib.sha256(shown).digest(), None
        for token in self._tokens.values():
            if hmac.compare_digest(digest, token.digest):
                found = self._grants.get(token.name)
        return None if found is None or self._is_over(found.expires) else found

    def all(self) -> list[Token]:
        """In the order in which they were made, those that have expired included."""
        return list(self._tokens.values())

    async def create(self, name: str, scopes: Collection[Grantable], expires: float | None) -> tuple[str, Token]:
        """The token, and the secret, which nobody can ask for again; fires when it will survive a restart."""
        if name in self._tokens:
            raise RpcError("already_exists", "There is a token of this name; revoke it first")
        if len(self._tokens) >= MAX_TOKENS:
            raise RpcError("wrong_state", f"There are {MAX_TOKENS} tokens; revoke one first")
        if self._is_over(expires):
            raise RpcError("invalid_params", "expires: is in the past", path="expires")
        secret = self._secret_rng.randbytes(TOKEN_BYTES).hex()
        token = Token(
            name=name,
            digest=hashlib.sha256(secret.encode()).digest(),
            scopes=list(dict.fromkeys(scopes)),
            created_at=self._wall_clock(),
            expires=expires,
        )
        self._tokens[name] = token
        try:
            await self._keep()
        except Exception:
            if self._tokens.get(name) is token:
                del self._tokens[name]
            raise
        if self._tokens.get(name) is token:  # it may have been revoked meanwhile
            self._grants[name] = _grant(token)
            self._end_the_expired()
        return secret, token

    async def revoke(self, name: str) -> None:
        """Nothing is let in by it from now on; fires when that will survive a restart."""
        if self._tokens.pop(name, None) is None:
            raise RpcError("invalid_params", "name: there is no such token", path="name")
        grant = self._grants.pop(name, None)
        if grant is not None:
            self.ended(grant)
        await self._keep()

    def close(self) -> None:
        """Look no more at the time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _keep(self) -> Deferred[None]:
        return self._keeping.keep(KEPT, msgspec.to_builtins(self.all()))

    def _is_over(self, expires: float | None) -> bool:
        return expires is not None and expires <= self._wall_clock()

    def _end_the_expired(self) -> None:
        """Who is connected by a token is cut when it expires, and the next end is waited for."""
        self.close()
        for name, grant in list(self._grants.items()):
            if self._is_over(grant.expires):
                del self._grants[name]
                self.ended(grant)
        ends = [grant.expires for grant in self._grants.values() if grant.expires is not None]
        if ends:
            after = min(min(ends) - self._wall_clock(), LOOK_AGAIN)
            self._timer = self._clock.callLater(max(after, 0.0), self._look)

    def _look(self) -> None:
        self._timer = None
        self._end_the_expired()


def _grant(token: Token) -> Grant:
    return Grant(frozenset(token.scopes), token.name, token.expires)


def _stored(value: object) -> list[Token]:
    """What was kept. What cannot be read lets nobody in."""
    try:
        return msgspec.convert(value or [], list[Token])
    except msgspec.ValidationError:
        _log.error("the tokens in the database cannot be read; programs that use one need a new one")
        return []
