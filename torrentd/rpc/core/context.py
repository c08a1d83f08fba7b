"""Who calls, and what that caller may do. Transports decide it once; the methods never see a socket."""

from __future__ import annotations

from typing import Final, Literal, Protocol

from msgspec import Struct

from torrentd.model.errors import RpcError
from torrentd.rpc.streams.encoding import Wanted

Grantable = Literal["read", "control", "settings"]
"""What a token may be given: to see everything; to act on torrents; to change the daemon itself, its limits, its
configuration, its life. None of them includes another."""

Scope = Literal["read", "control", "settings", "tokens"]
"""`tokens`, to make and revoke tokens, cannot be given: what a stolen token may do ends when it is revoked."""


class Subscriptions(Protocol):
    """Of one connection that stays."""

    def subscribe(self, wanted: Wanted, interval: float) -> str: ...

    def unsubscribe(self, subscription: str) -> bool: ...


class Grant(Struct, frozen=True):
    """What one credential allows. There is one object for each token, as long as it is valid."""

    scopes: frozenset[Scope]
    token: str | None = None
    """the name of the token; None: it was no token that somebody made"""
    expires: float | None = None
    """Unix seconds"""


OWNER: Final = Grant(frozenset({"read", "control", "settings", "tokens"}))
"""Root, the daemon's own user, and who may read the token in the state directory."""
GUEST: Final = Grant(frozenset({"read", "control"}))
"""Others whom the mode of the unix socket lets in."""


class Context(Struct, frozen=True):
    """One caller, with the rights of the credential that was shown."""

    caller: str
    """for the log: "uid 1000", "192.0.2.7" """
    grant: Grant
    subscriptions: Subscriptions | None = None
    """None: the connection cannot be told of events"""

    def require(self, scope: Scope | None, what: str) -> None:
        """The one place where rights are looked at. RpcError("forbidden") if this caller may not do `what`, which
        needs `scope`; None: nothing but a credential."""
        if scope is None or scope in self.grant.scopes:
            return
        if self.grant.token is not None:
            raise RpcError("forbidden", f'{what} needs the scope "{scope}", which this token does not have')
        raise RpcError("forbidden", f'{what} needs the scope "{scope}"; only root and the daemon\'s user have it')
