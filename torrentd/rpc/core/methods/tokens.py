"""`token.*` and `auth.*`: who may call."""

from __future__ import annotations

import msgspec
from twisted.logger import Logger
from txjsonrpc_ng.jsonrpc import BaseSubhandler

from torrentd.rpc.core.context import Context, Grantable, Scope
from torrentd.rpc.core.methods.daemon import Done
from torrentd.rpc.core.registry import needs, of_caller
from torrentd.rpc.core.schema import CreateToken, Nothing, RevokeToken
from torrentd.rpc.core.tokens import Token, Tokens
from torrentd.wire.escape import escape

_log = Logger()


class TokenRow(msgspec.Struct, frozen=True):
    """What may be told of a token. Times are Unix seconds; `expires` is null if it never does."""

    name: str
    scopes: list[Grantable]
    created_at: float
    expires: float | None


class CreatedToken(msgspec.Struct, frozen=True):
    """`secret` is what programs show; it is told here, and never again."""

    secret: str
    token: TokenRow


class TokenList(msgspec.Struct, frozen=True):
    """In the order in which they were made."""

    tokens: list[TokenRow]


class WhoAmI(msgspec.Struct, frozen=True):
    """`caller`: "uid 1000" on the unix socket, else an address. `token`: the name of the one that was shown; null on
    the unix socket, and for the token of the state directory."""

    caller: str
    scopes: list[Scope]
    token: str | None
    expires: float | None


class TokenMethods(BaseSubhandler):  # type: ignore[misc]  # the library has no types
    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens

    @needs("tokens")
    @of_caller
    async def jsonrpc_create(self, params: CreateToken, context: Context) -> CreatedToken:
        """Make a token for a program that is to do less than everything."""
        secret, token = await self._tokens.create(params.name, params.scopes, params.expires)
        _log.info("{caller} made the token {name}", caller=context.caller, name=escape(params.name))
        return CreatedToken(secret, _row(token))

    @needs("tokens")
    def jsonrpc_list(self, params: Nothing) -> TokenList:
        """The tokens that were made, without their secrets."""
        return TokenList([_row(token) for token in self._tokens.all()])

    @needs("tokens")
    @of_caller
    async def jsonrpc_revoke(self, params: RevokeToken, context: Context) -> Done:
        """Let nobody in by a token any more, and cut who is connected by it."""
        await self._tokens.revoke(params.name)
        _log.info("{caller} revoked the token {name}", caller=context.caller, name=escape(params.name))
        return Done()


class AuthMethods(BaseSubhandler):  # type: ignore[misc]  # the library has no types
    @needs(None)
    @of_caller
    def jsonrpc_whoami(self, params: Nothing, context: Context) -> WhoAmI:
        """Who calls, and what this caller may do."""
        grant = context.grant
        return WhoAmI(context.caller, sorted(grant.scopes), grant.token, grant.expires)


def _row(token: Token) -> TokenRow:
    return TokenRow(token.name, token.scopes, token.created_at, token.expires)
