"""What callers sent becomes parameters, or an error that says which one is wrong, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec

from torrentd.model.address import Address, Scope, parse_address, scope
from torrentd.model.errors import RpcError
from torrentd.rpc.core.schema import MEANINGS, Params

P = TypeVar("P", bound=Params)


def convert(given: dict[str, Any] | list[Any], kind: type[P]) -> P:
    """Parameters by name or by position. RpcError("invalid_params") with `path` says which one is wrong, and why."""
    if isinstance(given, list):
        names = kind.__struct_fields__
        if len(given) > len(names):
            raise _invalid(f"[{len(names)}]", f"there are at most {len(names)} parameters")
        given = dict(zip(names, given, strict=False))
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise _invalid(*_where_and_what(str(error))) from None


def parse_peers(texts: Sequence[str]) -> tuple[Address, ...]:
    """Addresses that can be dialled. RpcError("invalid_params") names the first that cannot."""
    return tuple(_parse_peer(text, index) for index, text in enumerate(texts))


def _parse_peer(text: str, index: int) -> Address:
    path = f"peers[{index}]"
    try:
        address = parse_address(text)
    except ValueError as error:
        raise _invalid(path, str(error)) from None
    if not address.port or scope(address.host) is Scope.INVALID:
        raise _invalid(path, "no peer can be there")
    return address


def _invalid(path: str, what: str) -> RpcError:
    return RpcError("invalid_params", f"{path}: {what}", path=path)


_AT: Final = re.compile(r"^(.*) - at `(?:key in )?\$(.*)`$", re.DOTALL)
_MEMBER: Final = re.compile(r"^Object (contains unknown|missing required) field `(.*)`$", re.DOTALL)
_LENGTH: Final = re.compile(r"^Expected `str` of length (<=|>=) (\d+)$")  # no text has to be longer than 1


def _where_and_what(message: str) -> tuple[str, str]:
    """Take msgspec's sentence apart: the path in the API's notation (`files[0].index`), and what is wrong there."""
    found = _AT.match(message)
    what, path = (found[1], found[2].lstrip(".")) if found else (message, "")
    member = _MEMBER.match(what)
    if member:
        path = f"{path}.{member[2]}" if path else member[2]
        return path, "unknown parameter" if member[1] == "contains unknown" else "required"
    length = _LENGTH.match(what)
    if length:
        return path, f"is longer than {length[2]} characters" if length[1] == "<=" else "is empty"
    for pattern, meaning in MEANINGS.items():
        if repr(pattern) in what:
            return path, meaning
    return path, what
