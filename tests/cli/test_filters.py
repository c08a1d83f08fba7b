from __future__ import annotations

import typing

from torrentd.cli.columns import TORRENTS
from torrentd.cli.filters import STATES, parse_filter
from torrentd.session.telling.rows import State, TorrentRow


def test_words() -> None:
    assert parse_filter([]) is None
    assert parse_filter(["paused", "error"]) == {"state": ["paused", "error"]}
    assert parse_filter(["active", "tracker:t.example"]) == {"active": True, "tracker": "t.example"}
    assert parse_filter(["label:a", "label:b", "Ubuntu", "24"]) == {"labels": ["a", "b"], "text": "Ubuntu 24"}
    assert parse_filter(["text:paused", "a:b"]) == {"text": "paused a:b"}


def test_states_and_columns_are_those_of_the_api() -> None:
    assert typing.get_args(State) == STATES
    for key in TORRENTS:
        assert key.partition(".")[0] in TorrentRow.__struct_fields__
    shown = {key.partition(".")[0] for key in TORRENTS}
    assert set(TorrentRow.__struct_fields__) == shown
