"""The grammar of sizes."""

from __future__ import annotations

import pytest

from torrentd.model.sizes import LARGEST, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("64 MiB", 64 * 2**20),
        ("64MiB", 64 * 2**20),
        ("2M", 2_000_000),
        ("500k", 500_000),
        ("500K", 500_000),
        ("1.5GiB", 3 * 2**29),
        ("1.5 gib", 3 * 2**29),
        ("1Ti", 2**40),
        ("1 TB", 10**12),
        ("100 kB/s", 100_000),
        ("12 B", 12),
        ("  7  ", 7),
        ("0.1k", 100),
        ("0.0001k", 0),
        (str(LARGEST), LARGEST),
    ],
)
def test_what_people_write(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "k", "-1", "+1", "1,5k", "1 2", ".5k", "5.", "1e3", "1_000", "0x10", "5 x", "5 ki b", "٣", "1" * 30]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size such as"):
        parse_size(text)


def test_a_size_has_an_end() -> None:
    for text in (str(LARGEST + 1), "99999999999T"):
        with pytest.raises(ValueError, match="too large"):
            parse_size(text)
