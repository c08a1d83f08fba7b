"""What several fields must say together."""

from __future__ import annotations

import pytest

from tests.state.samples import record
from torrentd.state.records import check


def test_a_good_record_passes() -> None:
    check(record(priorities=bytes([0, 3]), have=b"\xff\xc0", writing=[9]))


def test_a_v2_only_record_is_named_by_its_v2_hash() -> None:
    check(record(b"2" * 32, hash_v1=None, hash_v2=b"2" * 32))


def test_a_hybrid_is_named_by_its_v1_hash() -> None:
    check(record(hash_v2=b"2" * 32))
    with pytest.raises(ValueError, match="neither of the hashes"):
        check(record(b"2" * 32, hash_v1=b"1" * 20, hash_v2=b"2" * 32))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hash_v1": b"x" * 20}, "neither of the hashes"),
        ({"piece_count": 9}, "95 bytes are not 9 pieces of 10"),
        ({"have": b"\0"}, "2 bytes, not 1"),
        ({"have": b"\0\x01"}, "spare bit"),
        ({"writing": [3, 10]}, "no piece 10"),
        ({"priorities": b"\1"}, "1 priorities for 2 files"),
        ({"priorities": b"\1\4"}, "no priority 4"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check(record(**changes))
