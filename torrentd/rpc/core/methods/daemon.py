"""`daemon.*`: the process itself."""

from __future__ import annotations

import platform

import msgspec
import twisted

from torrentd import __version__
from torrentd.rpc.core.registry import Noun, needs
from torrentd.rpc.core.schema import Nothing, SetLogLevel
from torrentd.session.telling.rows import StatusRow

API_VERSION = 1  # grows when something is taken away or changes its meaning, not when something is added


class Version(msgspec.Struct, frozen=True):
    """`features` names what a client may find in one daemon and not in another of the same API version."""

    version: str
    api_version: int
    python: str
    twisted: str
    features: list[str]


class ReloadResult(msgspec.Struct, frozen=True):
    """Dotted configuration keys: applied, and those that wait for a restart."""

    changed: list[str]
    restart_required: list[str]


class Done(msgspec.Struct, frozen=True):
    """`{}`: the method has nothing to say but that it was done."""


_VERSION = Version(__version__, API_VERSION, platform.python_version(), twisted.__version__, [])


class Previous(msgspec.Struct, frozen=True):
    """The level that held before."""

    previous: str


class DaemonMethods(Noun):
    @needs(None)
    def jsonrpc_version(self, params: Nothing) -> Version:
        """What runs here."""
        return _VERSION

    @needs("read")
    async def jsonrpc_status(self, params: Nothing) -> StatusRow:
        """How the daemon is: addresses, torrents by state, rates, totals, disks."""
        await self.control.look_at_disks()
        return self.control.status()

    @needs("settings")
    def jsonrpc_set_log_level(self, params: SetLogLevel) -> Previous:
        """Write more or less into the log, until the next start or reload."""
        return Previous(self.control.set_log_level(params.level, params.namespace))

    @needs("settings")
    async def jsonrpc_reload(self, params: Nothing) -> ReloadResult:
        """Read the configuration file again and apply what can be applied live."""
        changed, restart_required = await self.control.reload()
        return ReloadResult(changed, restart_required)

    @needs("settings")
    def jsonrpc_shutdown(self, params: Nothing) -> Done:
        """Stop cleanly; answered before that begins."""
        self.control.shutdown()
        return Done()
