from __future__ import annotations

import pytest

from torrentd.session.telling.configured import shown


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("blocklist.source", "http://me:secret@b.example/list?pin=1234", "http://b.example/list?..."),
        ("blocklist.source", "/srv/list.gz", "/srv/list.gz"),
        ("blocklist.source", "", ""),
        ("hooks.on_added", ["/usr/bin/notify", "--token", "secret"], ["/usr/bin/notify", "...", "..."]),
        ("hooks.on_added", [], []),
        ("hooks.time_limit", 60, 60),
        ("paths.download_dir", "/srv", "/srv"),
    ],
)
def test_shown(key: str, value: object, expected: object) -> None:
    assert shown({key: value}) == {key: expected}
