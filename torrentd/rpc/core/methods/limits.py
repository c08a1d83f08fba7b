"""`limits.*`: the rates of the whole daemon. In the API no limit is "unlimited", and 0 means 0."""

from __future__ import annotations

import msgspec
from msgspec import UnsetType

from torrentd.model.errors import RpcError
from torrentd.policy.schedule import parse_window
from torrentd.rpc.core.registry import Noun, needs
from torrentd.rpc.core.schema import ChangedAlternative, Nothing, SetLimits
from torrentd.session.alternative import AlternativeChanges
from torrentd.session.telling.rows import AlternativeRow, Rate, rate_row


class RateLimits(msgspec.Struct, frozen=True):
    """Bytes per second. `down` and `up` are in force while `alternative` is not enabled."""

    down: Rate
    up: Rate
    alternative: AlternativeRow


class LimitsMethods(Noun):
    @needs("read")
    def jsonrpc_get(self, params: Nothing) -> RateLimits:
        """The rate limits."""
        down, up = self.control.limits()
        return RateLimits(rate_row(down), rate_row(up), self.control.alternative_limits())

    @needs("settings")
    async def jsonrpc_set(self, params: SetLimits) -> RateLimits:
        """Change the rate limits now and for later starts.

        Each beats the configuration file until it is null. Whether the alternative ones are enabled holds until the
        schedule switches them.
        """
        await self.control.set_limits(params.down, params.up, _changes(params.alternative))
        return self.jsonrpc_get(Nothing())


def _changes(given: ChangedAlternative | UnsetType) -> AlternativeChanges | None:
    if isinstance(given, UnsetType):
        return None
    if isinstance(given.schedule, list):
        for index, text in enumerate(given.schedule):
            _check_window(text, f"alternative.schedule[{index}]")
    return AlternativeChanges(given.down, given.up, given.schedule, given.enabled)


def _check_window(text: str, path: str) -> None:
    try:
        parse_window(text)
    except ValueError as error:
        raise RpcError("invalid_params", f"{path}: {error}", path=path) from None
