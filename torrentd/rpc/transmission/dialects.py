"""The envelopes of the two dialects: a request as a `Call` in snake_case, and what came of it as an answer in kind.

Legacy is `{method, arguments, tag}` and `{result, arguments, tag}`; since 4.1 it is JSON-RPC 2.0. A request with a
`jsonrpc` member, or a batch, is of the latter.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct, UnsetType

from torrentd.rpc.core import envelope
from torrentd.rpc.core.errors import ErrorObject
from torrentd.rpc.transmission.names import legacy, snake

_encode: Final = msgspec.json.Encoder().encode

SUCCESS: Final = "success"


class Asked(dict[str, Any]):
    """An object whose names are those that the caller used: they are given back as they are, what is in it is not."""


class AskedTable(list[Any]):
    """Rows of values under a first row of such names."""


class Dialect(Protocol):
    """How one request is answered. Both may say None: the caller wants no answer."""

    def result(self, value: dict[str, Any]) -> bytes | None: ...

    def error(self, code: int, message: str) -> bytes | None: ...


class Call(Struct, frozen=True):
    method: str
    params: dict[str, Any]
    dialect: Dialect


def read(value: object) -> Call:
    """A request object of either dialect. RpcError("invalid_request") for JSON-RPC that is not; legacy requests are
    taken however they look, as Transmission does."""
    if isinstance(value, dict) and "jsonrpc" in value:
        return _modern(envelope.read_call(value))
    given = value if isinstance(value, dict) else {}
    name, arguments, tag = given.get("method"), given.get("arguments"), given.get("tag")
    method = snake(name) if isinstance(name, str) else ""
    params = to_snake(arguments) if isinstance(arguments, dict) else {}
    return Call(method, params, Legacy(method, tag if type(tag) is int else None))


def _modern(call: envelope.Call) -> Call:
    params = call.params if isinstance(call.params, dict) else {}
    return Call(call.method, params, Modern(call.id))


class Modern(Struct, frozen=True):
    """JSON-RPC 2.0."""

    id: str | int | UnsetType | None

    def result(self, value: dict[str, Any]) -> bytes | None:
        return None if isinstance(self.id, UnsetType) else envelope.result_answer(self.id, value)

    def error(self, code: int, message: str) -> bytes | None:
        if isinstance(self.id, UnsetType):
            return None
        return envelope.error_answer(self.id, ErrorObject(code, message, {"error_string": message}))


class Legacy(Struct, frozen=True):
    method: str
    tag: int | None = None

    def result(self, value: dict[str, Any]) -> bytes:
        return self._answer(SUCCESS, to_legacy(value, self.method))

    def error(self, code: int, message: str) -> bytes:
        return self._answer(message, {})

    def _answer(self, result: str, arguments: object) -> bytes:
        answer = {"result": result, "arguments": arguments}
        return _encode(answer if self.tag is None else answer | {"tag": self.tag})


# --- names and values

_VALUES: Final = {"encryption": {"tolerated": "allowed"}}
"""settings whose values are called otherwise in the legacy dialect"""
_LEGACY_VALUES: Final = {
    name: {modern: legacy for legacy, modern in values.items()} for name, values in _VALUES.items()
}


def to_snake(arguments: dict[str, Any]) -> dict[str, Any]:
    """Legacy arguments as parameters. Only their own names are translated, for there are none below."""
    return {name: _renamed(_VALUES, name, value) for name, value in ((snake(key), arguments[key]) for key in arguments)}


def to_legacy(value: Any, method: str) -> Any:
    """A result in the legacy dialect."""
    if isinstance(value, Asked):
        return {name: _legacy_field(name, inner, method) for name, inner in value.items()}
    if isinstance(value, AskedTable):
        names, *rows = value
        fields = [[_legacy_field(name, inner, method) for name, inner in zip(names, row, strict=True)] for row in rows]
        return [names, *fields]
    if isinstance(value, dict):
        return {legacy(name, method): _legacy_value(name, inner, method) for name, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return [to_legacy(inner, method) for inner in value]
    return value


def _legacy_field(name: str, value: Any, method: str) -> Any:
    if value.__class__ is list or value.__class__ is dict:
        return _legacy_value(snake(name), value, method)
    return _renamed(_LEGACY_VALUES, snake(name), value)


def _legacy_value(name: str, value: Any, method: str) -> Any:
    if name == "wanted" and isinstance(value, list):
        return [int(wanted) for wanted in value]
    return to_legacy(_renamed(_LEGACY_VALUES, name, value), method)


def _renamed(values: dict[str, dict[str, str]], name: str, value: Any) -> Any:
    return values[name].get(value, value) if name in values and isinstance(value, str) else value
