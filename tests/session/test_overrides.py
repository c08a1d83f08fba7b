"""Keys of the configuration that are set at run time."""

from __future__ import annotations

import pytest

from tests.session.world import Sample, result
from torrentd.model.errors import RpcError


def test_they_beat_the_file_over_a_restart_until_they_are_taken_back(make_home):
    home = make_home(toml="[seeding]\nratio = 3.0\n[peers]\nmax_connections = 77\n").start()
    result(home.steering.set_config({"seeding.ratio": 2, "peers.max_connections": None}))
    assert home.steering.config_values()["seeding.ratio"] == 2.0
    assert home.steering.config_values()["peers.max_connections"] == 77
    assert home.steering.config_sources()["seeding.ratio"] == "runtime"
    home.stop()
    home.start()
    assert home.steering.config_values()["seeding.ratio"] == 2.0
    result(home.steering.set_config({"seeding.ratio": None}))
    assert home.steering.config_values()["seeding.ratio"] == 3.0
    assert home.steering.config_sources()["seeding.ratio"] == "file"
    home.stop()
    assert home.start().steering.config_values()["seeding.ratio"] == 3.0


def test_they_apply_at_once(home):
    sample = Sample()
    home.put(sample)
    home.add(sample)
    result(home.steering.set_config({"peers.max_connections_per_torrent": 7}))
    assert home.session(sample).torrent.settings.max_connections == 7


def test_rates_are_those_of_limits_set(home):
    result(home.steering.set_config({"limits.download": "1 MiB", "limits.upload": 0}))
    assert home.steering.limits() == (1024 * 1024, None)
    assert home.steering.config_sources()["limits.download"] == "runtime"
    result(home.steering.set_config({"limits.download": None, "limits.upload": None}))
    assert home.steering.config_sources()["limits.download"] == "default"


@pytest.mark.parametrize("key", ["seeding.nonsense", "paths.download_dir", "log.level", "blocklist.source", ""])
def test_what_cannot_be_set_changes_nothing(home, key):
    with pytest.raises(RpcError) as raised:
        home.steering.set_config({"seeding.ratio": 2.0, key: None})
    assert raised.value.name == "config_invalid"
    assert len(raised.value.data["problems"]) == 1
    assert home.steering.config_values()["seeding.ratio"] == 0.0


def test_what_is_stored_and_cannot_be_used_any_more_is_dropped(home, logged):
    result(
        home.daemon.host.state.set_setting("config", {"seeding.ratio": 2.0, "gone.key": 1, "seeding.idle_time": "x"})
    )
    home.stop()
    home.start()
    assert home.daemon.overrides == {"seeding.ratio": 2.0}
    assert len([line for line in logged() if "is dropped" in line]) == 2
    result(home.daemon.host.state.set_setting("config", 5))
    home.stop()
    assert home.start().daemon.overrides == {}
