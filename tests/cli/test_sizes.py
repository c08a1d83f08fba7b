from __future__ import annotations

import pytest

from torrentd.cli.sizes import format_limit, format_rate, format_share, format_size, parse_limit


def test_limits() -> None:
    assert parse_limit(" Unlimited ") == "unlimited"
    assert parse_limit("0") == 0
    assert parse_limit("1.5 MiB/s") == 1_572_864
    with pytest.raises(ValueError, match="is not a size such as"):
        parse_limit("fast")
    assert format_limit("unlimited") == format_limit(None) == "unlimited"
    assert format_limit(2_000_000) == "1.9 MiB/s"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (102_348, "99.9 KiB"),
        (102_400, "100 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (6_114_656_256, "5.7 GiB"),
        (2**60, "1024 PiB"),
    ],
)
def test_format(size: int, text: str) -> None:
    assert format_size(size) == text


def test_rates_and_shares() -> None:
    assert format_rate(0) == ""
    assert format_rate(2048) == "2.0 KiB/s"
    assert format_share(0.0) == "0.0%"
    assert format_share(0.99999) == "99.9%"
    assert format_share(1.0) == "100%"
