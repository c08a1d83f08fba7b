from __future__ import annotations

import pytest

from torrentd.config import ConfigError, Settings, overridden, values
from torrentd.config.runtime import SETTABLE


def test_some_keys() -> None:
    found = overridden(Settings(), {"seeding.ratio": 2, "limits.upload": "2 MiB", "peers.max_connections": None})
    assert (found.seeding.ratio, found.limits.upload) == (2.0, 2 * 1024 * 1024)
    assert overridden(Settings(), dict.fromkeys(SETTABLE)) == Settings()


def test_every_problem_is_told() -> None:
    values = {
        "seeding.ratio": "x",
        "seeding.nonsense": 1,
        "a\n": None,
        "paths.state_dir": "/x",
        "peers.upload_slots": 0,
    }
    with pytest.raises(ConfigError) as raised:
        overridden(Settings(), values)
    assert [problem.partition(":")[0] for problem in raised.value.problems] == [
        "seeding.ratio",
        "seeding.nonsense",
        "'a\\n'",
        "paths.state_dir",
        "peers.upload_slots",
    ]
    assert "restart" in raised.value.problems[3]


@pytest.mark.parametrize(
    "key",
    [
        *(key for key in values(Settings()) if key.partition(".")[0] in ("paths", "rpc", "watch", "hooks", "web")),
        "blocklist.source",
    ],
)
def test_no_caller_names_a_path_or_a_program_or_a_door(key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        overridden(Settings(), {key: values(Settings())[key]})
    assert "cannot be set while the daemon runs" in raised.value.problems[0]
