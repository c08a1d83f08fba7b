"""Sizes, rates and shares: read from the command line, and written for people.

Read: `500k`, `2M`, `1.5GiB`, `64 MiB/s`. As in the SI, k, M, G and T are powers of 1000; Ki, Mi, Gi and Ti of 1024.
Written: powers of 1024 and never more digits than an eye takes in. Exact numbers are for pipes, not for here.
"""

from __future__ import annotations

import re

UNLIMITED = "unlimited"
"""How the API, and so torrentctl, says that there is no limit; 0 means 0."""

_SIZE = re.compile(r"(\d+)(?:\.(\d+))?\s*(?:([kmgt])(i?))?b?(?:/s)?", re.IGNORECASE | re.ASCII)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_LARGEST = 2**63 - 1
"""what the daemon's database can hold"""


def parse_size(text: str) -> int:
    """Bytes. ValueError says what is expected."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size such as 500k, 2M or 1.5GiB")
    whole, decimals, letter, binary = match.groups("")
    unit: int = (1024 if binary else 1000) ** (_POWERS[letter.lower()] if letter else 0)
    size: int = int(whole + decimals) * unit // 10 ** len(decimals)  # exact, unlike a float
    if size > _LARGEST:
        raise ValueError(f"{text!r} is too large")
    return size


def parse_limit(text: str) -> int | str:
    """Bytes per second, or UNLIMITED."""
    return UNLIMITED if text.strip().lower() == UNLIMITED else parse_size(text)


def format_size(size: int) -> str:
    """`1.4 GiB`: one decimal below 100, none above."""
    if size < 1024:
        return f"{size} B"
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:  # 999.5 would be written with four digits
        value /= 1024
        unit += 1
    return f"{value:.0f} {_UNITS[unit]}" if value >= 99.95 else f"{value:.1f} {_UNITS[unit]}"


def format_rate(rate: int) -> str:
    """Bytes per second for people; empty when nothing moves, so that what moves stands out."""
    return f"{format_size(rate)}/s" if rate else ""


def format_limit(limit: int | str | None) -> str:
    """A limit as the API gives it."""
    return format_size(limit) + "/s" if isinstance(limit, int) else UNLIMITED


def format_share(share: float) -> str:
    """`99.9%`: rounded down, so that 100% means all of it."""
    return "100%" if share >= 1 else f"{int(share * 1000) / 10:.1f}%"
