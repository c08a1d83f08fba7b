"""Sizes, rates and shares, written for people: powers of 1024, and never more digits than an eye takes in.

Exact numbers are for pipes, not for here. How people write sizes is `model.sizes`.
"""

from __future__ import annotations

UNLIMITED = "unlimited"
"""How the API, and so torrentctl, says that there is no limit; 0 means 0."""

INHERIT = "inherit"
"""How torrentctl says that what was set is taken back, so that the configuration file counts; null in the API."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def parse_limit(text: str) -> int | str:
    """Bytes per second, or UNLIMITED. ValueError says what is expected."""
    from torrentd.model.sizes import parse_size  # it needs exact fractions, and hardly any run needs it

    return UNLIMITED if text.strip().lower() == UNLIMITED else parse_size(text)


def parse_override(text: str) -> int | str:
    """The same, or INHERIT."""
    return INHERIT if text.strip().lower() == INHERIT else parse_limit(text)


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
