from __future__ import annotations

import pytest

from torrentd.model.layout import Priority
from torrentd.rpc.transmission.files import Wish, choices, named
from torrentd.session.control import FileChoice
from torrentd.session.telling.rows import FilePriority, FileRow


@pytest.mark.parametrize(
    ("now", "wish", "then"),
    [
        ("normal", Wish(wanted=False), Priority.SKIP),
        ("skip", Wish(wanted=True), Priority.NORMAL),
        ("high", Wish(wanted=True), Priority.HIGH),
        ("normal", Wish(urgency=Priority.LOW), Priority.LOW),
        ("skip", Wish(urgency=Priority.HIGH), Priority.SKIP),
        ("skip", Wish(True, Priority.HIGH), Priority.HIGH),
        ("low", Wish(False, Priority.HIGH), Priority.SKIP),
    ],
)
def test_one_file(now: FilePriority, wish: Wish, then: Priority) -> None:
    assert choices({3: wish}, [FileRow(3, "a", 1, 0, 0.0, now)]) == (FileChoice(then, 3),)


def test_an_empty_list_means_all_where_their_number_is_known() -> None:
    assert named({"files_wanted": []}, 2) == {0: Wish(True), 1: Wish(True)}
    assert named({"files_wanted": []}) == {}
    assert named({"files_wanted": "all", "priority_low": [True, 1.5, "1", None]}, 2) == {}
