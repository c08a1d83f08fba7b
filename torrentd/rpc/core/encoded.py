"""Lists of rows as JSON. Most rows of a long list are those of the last answer, so their bytes are kept.

A row is frozen, so a row that is the same object encodes to the same bytes; nobody has to say what changed. Kept are
the rows of the last long answer, for its columns: a client that polls asks for the same again and again, and a second
client with other columns costs what it always cost. Short answers are not worth it, and leave alone what is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from torrentd.rpc.core.listing import narrowed
from torrentd.session.telling.rows import TorrentRow

TorrentObjects = Annotated[
    Any,  # msgspec.Raw
    Meta(
        extra_json_schema={
            "type": "array",
            "items": {"$ref": "#/components/schemas/TorrentRow"},
            "description": "Narrowed by `fields`",
        }
    ),
]

LONG: Final = 50
"""Rows from which on an answer is worth keeping: those below it are encoded in less than a millisecond."""

_encode: Final = msgspec.json.Encoder().encode


class EncodedRows:
    """The rows of the last long answer."""

    def __init__(self) -> None:
        self._columns: tuple[str, ...] | None = None
        self._kept: dict[str, tuple[TorrentRow, bytes]] = {}

    def array(self, rows: Sequence[TorrentRow], fields: Sequence[str] | None) -> msgspec.Raw:
        """A JSON array of the rows, or of these columns of them."""
        if len(rows) < LONG:
            return msgspec.Raw(_encode(narrowed(rows, fields)))
        columns = None if fields is None else tuple(dict.fromkeys(fields))
        kept = self._kept if columns == self._columns else {}
        answer: dict[str, tuple[TorrentRow, bytes]] = {}
        for row in rows:
            known = kept.get(row.id)
            if known is None or known[0] is not row:
                known = row, _encode(narrowed((row,), columns)[0])
            answer[row.id] = known
        self._columns, self._kept = columns, answer
        return msgspec.Raw(b"[%b]" % b",".join([encoded for _, encoded in answer.values()]))
