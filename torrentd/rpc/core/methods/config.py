"""`config.*`: what the daemon runs with, and from where each value came."""

from __future__ import annotations

from typing import Any

import msgspec

from torrentd.model.errors import RpcError
from torrentd.rpc.core.registry import Noun, needs
from torrentd.rpc.core.schema import ConfigGet, ConfigSet, Nothing


class ConfigValues(msgspec.Struct, frozen=True):
    """Both by dotted key; a source is "default", "file" or "runtime"."""

    values: dict[str, Any]
    source: dict[str, str]


class ConfigSetResult(msgspec.Struct, frozen=True):
    """Dotted keys. What needs a restart cannot be set here, so the second list is empty."""

    applied: list[str]
    restart_required: list[str]


class ConfigMethods(Noun):
    @needs("read")
    def jsonrpc_get(self, params: ConfigGet) -> ConfigValues:
        """The effective values of some or all configuration keys; a section means all of its keys."""
        values, sources = self.control.config_values(), self.control.config_sources()
        if params.keys is None:
            return ConfigValues(values, sources)
        found: list[str] = []
        for index, name in enumerate(params.keys):
            named = [key for key in values if key == name or key.startswith(f"{name}.")]
            if not named:
                path = f"keys[{index}]"
                raise RpcError("invalid_params", f"{path}: there is no key {name!r}", path=path)
            found += named
        return ConfigValues({key: values[key] for key in found}, {key: sources[key] for key in found})

    @needs("settings")
    async def jsonrpc_set(self, params: ConfigSet) -> ConfigSetResult:
        """Set keys now and for later starts; each beats the file until it is null."""
        await self.control.set_config(params.values)
        return ConfigSetResult(list(params.values), [])

    @needs("read")
    def jsonrpc_schema(self, params: Nothing) -> dict[str, Any]:
        """The JSON Schema of the configuration file."""
        return self.control.config_schema()
