"""`rpc.discover`: the OpenRPC 1.3 document, generated from the types that validate and encode.

It is made when it is first asked for, and kept as bytes: it is the same for every caller.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec
from txjsonrpc_ng.jsonrpc import BaseSubhandler

from torrentd import __version__
from torrentd.rpc.core.errors import CODES
from torrentd.rpc.core.registry import Method, needs
from torrentd.rpc.core.schema import Nothing
from torrentd.session.telling.rows import TorrentRow

OPENRPC_VERSION = "1.3.2"
REFERENCE = "#/components/schemas/{name}"


class Discovery(BaseSubhandler):  # type: ignore[misc]  # the library has no types
    """The noun `rpc`."""

    def __init__(self) -> None:
        super().__init__()
        self.methods: list[Method] = []
        """all of them, `rpc.discover` included; set when the table is complete"""

    @needs(None)
    def jsonrpc_discover(self, params: Nothing) -> msgspec.Raw:
        """This document: every method with the schema of its parameters and its result."""
        return self._document

    @cached_property
    def _document(self) -> msgspec.Raw:
        return msgspec.Raw(msgspec.json.encode(document(self.methods)))


def document(methods: list[Method]) -> dict[str, Any]:
    """The OpenRPC document of these methods."""
    types = [*(method.params for method in methods), *(method.result for method in methods), TorrentRow]
    schemas, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    results = schemas[len(methods) :]
    parameters = {method.params.__name__: components[method.params.__name__] for method in methods}
    shared = {name: schema for name, schema in components.items() if name not in parameters}
    return {
        "openrpc": OPENRPC_VERSION,
        "info": {"title": "torrentd", "version": __version__},
        "methods": [
            _method(method, parameters[method.params.__name__], result)
            for method, result in zip(methods, results, strict=False)
        ],
        "components": {"schemas": shared, "errors": {name: _error(name) for name in CODES}},
    }


def _method(method: Method, parameters: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    required = parameters.get("required", [])
    return {
        "name": method.name,
        "summary": method.summary,
        "paramStructure": "either",
        "params": [
            {"name": name, "required": name in required, "schema": schema}
            for name, schema in parameters.get("properties", {}).items()
        ],
        "result": {"name": "result", "schema": result},
        "x-scope": method.scope,
    }


def _error(name: str) -> dict[str, Any]:
    return {"code": CODES[name], "message": name}
