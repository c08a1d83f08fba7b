"""Parameters as Transmission reads them: what is of another type than it should be counts as not given."""

from __future__ import annotations

from math import isfinite
from typing import Any

Params = dict[str, Any]

MAX_NUMBER = 2**53 - 1  # what every JSON reader keeps exact


def number(params: Params, name: str) -> int | None:
    """An integer; a float is cut off."""
    value = real(params, name)
    return None if value is None else int(value)


def real(params: Params, name: str) -> float | None:
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isfinite(value) and abs(value) <= MAX_NUMBER else None


def flag(params: Params, name: str) -> bool | None:
    """A boolean; some send 0 and 1."""
    value = params.get(name)
    return bool(value) if isinstance(value, int) else None


def text(params: Params, name: str) -> str | None:
    value = params.get(name)
    return value if isinstance(value, str) else None


def texts(params: Params, name: str) -> list[str] | None:
    value = params.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else None


def numbers(params: Params, name: str) -> list[int] | None:
    value = params.get(name)
    return [item for item in value if type(item) is int] if isinstance(value, list) else None
