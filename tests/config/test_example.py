"""`config.example.toml` is true: every key, each with its default and a comment."""

from __future__ import annotations

import tomllib
from pathlib import Path

from torrentd.config import Settings, load, values
from torrentd.config.lines import key_lines

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
ENVIRON = {"HOME": "/home/u"}


def written() -> dict[str, object]:
    tables = tomllib.loads(EXAMPLE.read_text())
    return {f"{section}.{name}": value for section, table in tables.items() for name, value in table.items()}


def test_it_gives_exactly_the_defaults() -> None:
    found = load(EXAMPLE, ENVIRON)
    assert found.settings == load(None, ENVIRON).settings


def test_it_has_every_key_in_the_order_of_the_code() -> None:
    assert list(written()) == list(values(Settings()))


def test_every_key_has_a_comment_above_it_or_shares_that_of_its_neighbour() -> None:
    text = EXAMPLE.read_text().splitlines()
    lines = key_lines("\n".join(text))
    for key in written():
        above = text[lines[key] - 2]
        assert above.startswith("# ") or "=" in above, f"{key} has no comment"


def test_no_line_is_longer_than_an_editor_is_wide() -> None:
    assert max(len(line) for line in EXAMPLE.read_text().splitlines()) <= 120
