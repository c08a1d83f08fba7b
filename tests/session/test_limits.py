"""The limits in force."""

import pytest

from torrentd.config import Settings
from torrentd.config.settings import Limits, Peers
from torrentd.session.limits import (
    MOST_CONNECTIONS,
    RuntimeLimits,
    effective,
    fleet_limits,
    of_torrent,
    torrent_settings,
)


def test_zero_in_the_file_is_unlimited_and_at_run_time_nothing():
    file = Settings(limits=Limits(download=0, upload=5))
    assert effective(file, RuntimeLimits()) == (None, 5)
    assert effective(file, RuntimeLimits(0, "unlimited")) == (0, None)


def test_each_beats_the_file_by_itself():
    file = Settings(limits=Limits(download=3, upload=5))
    assert effective(file, RuntimeLimits(down=1)) == (1, 5)
    assert effective(file, RuntimeLimits(up=1)) == (3, 1)
    assert RuntimeLimits(up="unlimited").beaten == ["limits.upload"]


@pytest.mark.parametrize(
    "limits", [RuntimeLimits(), RuntimeLimits(1), RuntimeLimits(0, 0), RuntimeLimits(None, "unlimited")]
)
def test_stored_and_read(limits):
    assert RuntimeLimits.read(limits.stored()) == limits


@pytest.mark.parametrize("stored", [None, 5, [], {"down": -1}, {"down": "1"}, {"up": True}, {"down": 1.5}])
def test_what_we_would_not_have_written_counts_for_nothing(stored):
    assert RuntimeLimits.read(stored) == RuntimeLimits()


def test_the_fleet_and_the_torrents_get_theirs():
    settings = Settings(peers=Peers(max_connections=7, max_half_open=3, max_connections_per_torrent=5, upload_slots=2))
    fleet = fleet_limits(settings, (10, 20))
    assert (fleet.max_connections, fleet.max_half_open, fleet.download, fleet.upload) == (7, 3, 10, 20)
    torrent = torrent_settings(settings, 6881)
    assert (torrent.max_connections, torrent.upload_slots, torrent.port) == (5, 2, 6881)
    assert torrent.client.startswith("torrentd ")


def test_a_torrents_own_number_of_connections():
    daemon = torrent_settings(Settings(), 0)
    assert of_torrent(daemon, {"peers": 3}, "normal").max_connections == 3
    assert of_torrent(daemon, {"peers": "unlimited"}, "normal").max_connections == MOST_CONNECTIONS
    assert of_torrent(daemon, {}, "normal") == daemon
    assert of_torrent(daemon, {}, "normal") is not daemon


def test_a_priority_is_a_weight_and_upload_slots():
    daemon = torrent_settings(Settings(peers=Peers(upload_slots=5)), 0)
    of = {priority: of_torrent(daemon, {}, priority) for priority in ("low", "normal", "high")}
    assert [settings.upload_slots for settings in of.values()] == [2, 5, 10]
    assert of["high"].weight == 2 * of["normal"].weight == 4 * of["low"].weight
    one = torrent_settings(Settings(peers=Peers(upload_slots=1)), 0)
    assert of_torrent(one, {}, "low").upload_slots == 1
