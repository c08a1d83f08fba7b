"""JSON-RPC 2.0 as bytes: what a body must look like, and how an answer is put together.

The body is read by the standard library's decoder, because it alone shows us every pair of an object: msgspec takes the
last of two equal keys silently. The decoder is built once. What a request *means* is for the registry.
Answers are encoded by msgspec.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from torrentd.model.errors import RpcError
from torrentd.rpc.core.errors import ErrorObject

MAX_DEPTH = 32  # nothing in the API nests deeper than 6; a deeper body is made to hurt
MAX_BATCH = 100
MAX_VALUES = 1_000_000  # each costs Python some 64 bytes; a priority for each of 200,000 files has 600,000

Id = str | int | None


class Call(msgspec.Struct, frozen=True):
    """One request object. Without `id` it is a notification and is never answered."""

    jsonrpc: Literal["2.0"]
    method: str
    params: dict[str, Any] | list[Any] = {}
    id: str | int | UnsetType | None = UNSET


def read(body: bytes) -> object:
    """The JSON value of a body. RpcError("parse_error") says what is wrong with it, RpcError("too_large") that decoding
    it would cost too much."""
    try:
        text = body.decode("utf-8")
        containers = text.count("[") + text.count("{")
        if containers + text.count(",") > MAX_VALUES:
            raise RpcError("too_large", f"More than {MAX_VALUES:,} values in one request")
        value = _decode(text)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # raises for one that stands alone
    except RecursionError:
        raise RpcError("parse_error", f"Nested deeper than {MAX_DEPTH}") from None
    except UnicodeError:
        raise RpcError("parse_error", "Not valid UTF-8") from None
    except (json.JSONDecodeError, _Refused) as error:
        raise RpcError("parse_error", f"Not valid JSON: {error}") from None
    except ValueError:  # int() refuses more than 4,300 digits
        raise RpcError("parse_error", "Not valid JSON: a number is too long") from None
    if containers > MAX_DEPTH and _too_deep(value):
        raise RpcError("parse_error", f"Nested deeper than {MAX_DEPTH}")
    return value


def read_call(value: object) -> Call:
    """A request object. RpcError("invalid_request") otherwise."""
    try:
        return msgspec.convert(value, Call)
    except msgspec.ValidationError as error:
        raise RpcError("invalid_request", "Not a JSON-RPC 2.0 request", detail=str(error)) from None


def id_of(value: object) -> Id:
    """The id of a request that is not valid, as far as it can be made out; else None."""
    id = value.get("id") if isinstance(value, dict) else None
    return id if isinstance(id, str | int) and not isinstance(id, bool) else None


def result_answer(id: Id, result: object) -> bytes:
    """The answer to a call that went well. `result` must be encodable."""
    return _encode(_Result(result, id))


def error_answer(id: Id, error: ErrorObject) -> bytes:
    return _encode(_Error(error, id))


def batch_answer(answers: Iterable[bytes | None]) -> bytes | None:
    """The answers in request order, notifications left out; None if nothing is left."""
    said = [answer for answer in answers if answer is not None]
    return b"[%b]" % b",".join(said) if said else None


class _Result(msgspec.Struct, frozen=True, tag_field="jsonrpc", tag="2.0"):
    result: object
    id: Id


class _Error(msgspec.Struct, frozen=True, tag_field="jsonrpc", tag="2.0"):
    error: ErrorObject
    id: Id


_encode: Final = msgspec.json.Encoder().encode

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")  # half of a character outside the BMP, written as an escape


class _Refused(ValueError):
    """What Python's decoder would take and JSON does not have."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused("a key stands twice in one object")
    return members


def _no_constant(name: str) -> object:
    raise _Refused(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _Refused("a number is too large")
    return number


_decode: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite).decode


def _too_deep(value: object) -> bool:
    """Level by level, so that a hostile value costs no stack."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[object] = []
        for container in level:
            if isinstance(container, dict):
                inner.extend(child for child in container.values() if isinstance(child, dict | list))
            elif isinstance(container, list):
                inner.extend(child for child in container if isinstance(child, dict | list))
        if not inner:
            return False
        level = inner
    return True
