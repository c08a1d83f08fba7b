from __future__ import annotations

import time

import pytest

from torrentd.cli.times import format_duration, format_eta, format_time, parse_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m"), (3600, "1h"), (3661, "1h 1m"), (86400 * 3 + 7200, "3d 2h"), (86400, "1d")],
)
def test_durations(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_an_estimate_nobody_waits_for() -> None:
    assert format_eta(286) == "4m 46s"
    assert format_eta(10**9) == "∞"


def test_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert format_time(1_700_000_000.5) == "2023-11-14 22:13:20"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("5m", 300), ("1.5h", 5400), ("1h30m", 5400), ("7D", 604_800), ("0", 0)],
)
def test_parse_duration(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "soon", "-1", "1h -5m", "5m1h", "1e3", "inf", "٣m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time such as"):
        parse_duration(text)
