"""How a table gives way on a narrow terminal."""

from __future__ import annotations

from torrentd.cli.layout import fit
from torrentd.cli.tables import Column, exact_text, flatten, number, text, yes

COLUMNS = (text("id", "ID", 3), text("name", "NAME", flexible=True), text("state", "STATE", 1), number("n", "N", 2))
ROW = {"id": "0a1b2c3d", "name": "a name of twenty-eight cells", "state": "seeding", "n": 1234}


def fitted(width: int) -> dict[str, int]:
    kept, widths = fit(COLUMNS, [ROW], width)
    return dict(zip((column.key for column in kept), widths, strict=True))


def test_all_in_full() -> None:
    assert fitted(100) == {"id": 8, "name": 28, "state": 7, "n": 4}


def test_the_name_is_cut_first() -> None:
    assert fitted(47) == {"id": 8, "name": 22, "state": 7, "n": 4}


def test_then_columns_go_by_rank() -> None:
    assert fitted(44) == {"name": 28, "state": 7, "n": 4}
    assert fitted(34) == {"name": 25, "state": 7}
    assert fitted(25) == {"name": 25}


def test_what_must_stay_stays() -> None:
    assert fitted(2) == {"name": 4}


def test_flexible_columns_share() -> None:
    columns = [text("a", "A", flexible=True), text("b", "B", flexible=True)]
    kept, widths = fit(columns, [{"a": "x" * 50, "b": "y" * 50}], 42)
    assert (len(kept), widths) == (2, [20, 20])
    _, widths = fit(columns, [{"a": "x" * 50, "b": "y" * 5}], 42)
    assert widths == [35, 5]


def test_values_on_a_path() -> None:
    column = Column("error.message", "ERROR")
    assert column.value({"error": {"message": "no space"}}) == "no space"
    assert column.value({"error": None}) is None
    assert column.text({"error": None}) == "-"
    assert column.text({"error": {"message": "a\x07b"}}) == "a\\x07b"
    assert yes("x", "X").text({"x": True}) == "yes"
    assert yes("x", "X").text({"x": False}) == ""


def test_exact_values() -> None:
    assert [exact_text(value) for value in (None, "a", 1, 0.5, True, ["a", "b"], [], [1], {})] == [
        *["", "a", "1", "0.5", "true", "a,b", "", "[1]", "{}"]
    ]
    assert list(flatten({"a": 1, "b": {"c": None, "d": {"e": "x"}}, "f": {}, "g": [{"h": 2}]})) == [
        ("a", "1"),
        ("b.c", ""),
        ("b.d.e", "x"),
        ("f", "{}"),
        ("g.0.h", "2"),
    ]
