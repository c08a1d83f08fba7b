"""`config.*`: what the daemon runs with, and from where each value came."""

from __future__ import annotations

from typing import Any

import msgspec

from torrentd.model.errors import RpcError
from torrentd.rpc.core.registry import Noun
from torrentd.rpc.core.schema import ConfigGet, Nothing


class ConfigValues(msgspec.Struct, frozen=True):
    """Both by dotted key; a source is "default", "file" or "runtime"."""

    values: dict[str, Any]
    source: dict[str, str]


class ConfigMethods(Noun):
    def jsonrpc_get(self, params: ConfigGet) -> ConfigValues:
        """The effective values of some or all configuration keys."""
        values, sources = self.control.config_values(), self.control.config_sources()
        if params.keys is None:
            return ConfigValues(values, sources)
        for index, key in enumerate(params.keys):
            if key not in values:
                raise RpcError("invalid_params", f"keys[{index}]: there is no such key", path=f"keys[{index}]")
        return ConfigValues({key: values[key] for key in params.keys}, {key: sources[key] for key in params.keys})

    def jsonrpc_schema(self, params: Nothing) -> dict[str, Any]:
        """The JSON Schema of the configuration file."""
        return self.control.config_schema()
