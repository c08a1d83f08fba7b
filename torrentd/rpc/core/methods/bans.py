"""`ban.*`: addresses and networks that are not talked to."""

from __future__ import annotations

import msgspec

from torrentd.rpc.core.registry import Noun, needs
from torrentd.rpc.core.schema import AddBans, Nothing, RemoveBans
from torrentd.session.telling.rows import BanRow


class BanList(msgspec.Struct, frozen=True):
    bans: list[BanRow]


class RemovedBans(msgspec.Struct, frozen=True):
    """How many."""

    removed: int


class BanMethods(Noun):
    @needs("read")
    def jsonrpc_list(self, params: Nothing) -> BanList:
        """Whom the user banned, and who did harm, the oldest first, without those of the blocklist."""
        return BanList(self.control.bans())

    @needs("control")
    async def jsonrpc_add(self, params: AddBans) -> BanList:
        """Talk to these no more; those who are connected are left at once. The answer says who they are.

        An IPv6 address stands for the /64 network of its owner, unless its length is given."""
        return BanList(await self.control.ban(params.networks, params.reason, params.seconds))

    @needs("control")
    async def jsonrpc_remove(self, params: RemoveBans) -> RemovedBans:
        """Talk to these again, whoever banned them."""
        return RemovedBans(await self.control.lift_bans(params.networks))
