from __future__ import annotations

import pytest

from torrentd.cli.sizes import format_limit, format_rate, format_share, format_size, parse_limit, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("512", 512),
        ("512B", 512),
        ("500k", 500_000),
        ("500 kB", 500_000),
        ("2M", 2_000_000),
        ("2m", 2_000_000),
        ("2MiB/s", 2_097_152),
        ("1.5GiB", 1_610_612_736),
        ("64 MiB", 67_108_864),
        ("0.1Gi", 107_374_182),
        ("1T", 10**12),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_parse(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "1e3", "1.", ".5", "1Ki B", "1 2", "5Q", "٣", "9999999T", "1_0", "inf"]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a size|too large"):
        parse_size(text)


def test_limits() -> None:
    assert parse_limit(" Unlimited ") == "unlimited"
    assert parse_limit("0") == 0
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
