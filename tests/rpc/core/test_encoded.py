from __future__ import annotations

import msgspec

from tests.rpc.fake_control import torrent
from torrentd.rpc.core.encoded import LONG, EncodedRows

ROWS = [torrent(f"{number:040x}", f"t{number}") for number in range(2 * LONG)]
FIELDS = ["id", "name"]


def told(encoded: EncodedRows, rows: list, fields: list[str] | None) -> list:
    return msgspec.json.decode(bytes(encoded.array(rows, fields)))


def expected(rows: list, fields: list[str] | None) -> list:
    columns = rows[0].__struct_fields__ if fields is None else fields
    return [{name: msgspec.to_builtins(getattr(row, name)) for name in columns} for row in rows]


def test_every_answer_is_what_the_rows_say() -> None:
    encoded = EncodedRows()
    for rows in (ROWS, ROWS[:LONG], ROWS[:1], [], ROWS[::-1], ROWS[LONG:]):
        for fields in (FIELDS, ["name"], None, FIELDS):
            assert told(encoded, rows, fields) == (expected(rows, fields) if rows else [])


def test_a_row_that_is_another_object_is_encoded_again() -> None:
    encoded = EncodedRows()
    rows = list(ROWS)
    told(encoded, rows, FIELDS)
    rows[3] = msgspec.structs.replace(rows[3], name="renamed")
    assert told(encoded, rows, FIELDS)[3]["name"] == "renamed"


def test_what_is_the_same_is_not_encoded_again() -> None:
    encoded = EncodedRows()
    encoded.array(ROWS, FIELDS)
    kept = dict(encoded._kept)
    encoded.array(ROWS[:1], ["size"])  # a short answer leaves it alone
    encoded.array(ROWS, FIELDS)
    assert all(encoded._kept[id][1] is bytes_ for id, (_, bytes_) in kept.items())


def test_what_is_not_listed_any_more_is_not_kept() -> None:
    encoded = EncodedRows()
    encoded.array(ROWS, FIELDS)
    encoded.array(ROWS[:LONG], FIELDS)
    assert len(encoded._kept) == LONG


def test_a_column_named_twice_stands_there_once() -> None:
    assert told(EncodedRows(), ROWS, ["id", "id"])[0] == {"id": ROWS[0].id}
