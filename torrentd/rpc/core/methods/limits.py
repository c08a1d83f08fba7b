"""`limits.*`: the rates of the whole daemon. In the API no limit is "unlimited", and 0 means 0."""

from __future__ import annotations

from typing import Literal

import msgspec

from torrentd.rpc.core.registry import Noun, needs
from torrentd.rpc.core.schema import Nothing, SetLimits

Rate = int | Literal["unlimited"]


class RateLimits(msgspec.Struct, frozen=True):
    """Bytes per second."""

    down: Rate
    up: Rate


class LimitsMethods(Noun):
    @needs("read")
    def jsonrpc_get(self, params: Nothing) -> RateLimits:
        """The rate limits in force."""
        down, up = self.control.limits()
        return RateLimits(_shown(down), _shown(up))

    @needs("settings")
    async def jsonrpc_set(self, params: SetLimits) -> RateLimits:
        """Change the rate limits now and for later starts; each beats the configuration file until it is null."""
        await self.control.set_limits(params.down, params.up)
        return self.jsonrpc_get(Nothing())


def _shown(limit: int | None) -> Rate:
    return "unlimited" if limit is None else limit
