"""Bans: by hand and by torrents, for a time, over restarts, and obeyed by who is connected already."""

from __future__ import annotations

import pytest

from tests.session.world import WALL, Sample, error, result
from torrentd.model.errors import RpcError, StorageError
from torrentd.session.meeting.banning import AUTOMATIC_TIME, BY_HAND
from torrentd.session.running.commands import RUN
from torrentd.session.telling.rows import BanRow
from torrentd.state.records import BanRecord
from torrentd.swarm.commands import Banned


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def pair(make_home, world, torrent):
    """Two that are connected: a leech, and a seed that has nothing to give."""
    leech, seed = make_home(6881).start(), make_home(6882).start()
    leech.add(torrent)
    seed.add(torrent)
    meet(world, seed, leech, torrent)
    assert leech.row(torrent).peers.connected == 1
    return leech, seed


def meet(world, one, other, torrent):
    result(one.steering.add_peers(torrent.id, [other.address]))
    world.run(30)


def ban(home, *networks, reason=None, seconds=None):
    return result(home.steering.ban(networks, reason, seconds))


def networks(home) -> list[str]:
    return [row.network for row in home.steering.bans()]


def harm(home, torrent, whom="5.6.7.8"):
    """A torrent bans somebody, as it does after a piece with a wrong hash."""
    session = home.session(torrent)
    home.daemon.around.bans.put(whom, "sent bad data", automatic=True)
    RUN[Banned](session, Banned(whom, "sent bad data"))
    home.world.run()


def test_who_is_connected_has_to_leave_and_is_not_let_in_again(pair, world, torrent):
    leech, seed = pair
    (row,) = ban(leech, "127.0.0.0/8")
    world.run()
    assert row == BanRow("127.0.0.0/8", BY_HAND, False, None, row.at, None)
    assert leech.row(torrent).peers.connected == 0
    _, closed = result(leech.steering.peers(torrent.id))
    assert closed[-1].reason == "banned: by the user"
    meet(world, seed, leech, torrent)
    meet(world, leech, seed, torrent)
    assert leech.row(torrent).peers.connected == 0


def test_of_one_that_is_lifted_nothing_is_left(pair, world, torrent):
    leech, seed = pair
    ban(leech, "127.0.0.1", "192.0.2.0/24")
    assert result(leech.steering.lift_bans(["127.0.0.1", "127.0.0.1"])) == 1
    assert networks(leech) == ["192.0.2.0/24"]
    meet(world, seed, leech, torrent)
    assert leech.row(torrent).peers.connected == 1


def test_for_a_time(home, world):
    ban(home, "192.0.2.1", "192.0.2.2", seconds=100)
    ban(home, "192.0.2.2", "192.0.2.3", reason="noise", seconds=200)
    assert [(row.network, row.reason, row.until - row.at) for row in home.steering.bans()] == [
        ("192.0.2.1", BY_HAND, 100),
        ("192.0.2.2", "noise", 200),
        ("192.0.2.3", "noise", 200),
    ]
    world.run(101)
    assert networks(home) == ["192.0.2.2", "192.0.2.3"]
    world.run(100)
    assert networks(home) == []
    home.stop()
    assert networks(home.start()) == []


def test_over_a_restart(home, world, torrent):
    home.add(torrent)
    ban(home, "2a00::1", reason="noise", seconds=1000)
    harm(home, torrent)
    before = home.steering.bans()
    home.stop()
    assert home.start().steering.bans() == before
    assert home.daemon.around.bans.reason(home.address._replace(host="2a00::ffff")) == "noise"
    world.run(1000)
    assert networks(home) == ["5.6.7.8"]


def test_a_clock_that_was_set_back_makes_no_ban_longer(home, world):
    home.daemon.around.banning.start([BanRecord("192.0.2.1", "noise", WALL + 9e6, WALL + 9e6 + 60, None)])
    world.run(61)
    assert networks(home) == []


def test_who_does_harm_is_in_the_same_list(home, world, torrent):
    home.add(torrent)
    harm(home, torrent)
    (row,) = home.steering.bans()
    assert row == BanRow("5.6.7.8", "sent bad data", True, torrent.id, row.at, row.at + AUTOMATIC_TIME)
    assert result(home.steering.lift_bans(["5.6.7.8"])) == 1
    assert home.daemon.around.bans.reason(home.address._replace(host="5.6.7.8")) is None


def test_what_the_user_banned_stays_his(home, torrent):
    home.add(torrent)
    ban(home, "5.6.7.8")
    harm(home, torrent)
    assert [(row.reason, row.automatic) for row in home.steering.bans()] == [(BY_HAND, False)]
    ban(home, "1.1.1.1")
    harm(home, torrent, "6.6.6.6")
    ban(home, "6.6.6.6", reason="mine")
    assert [row.network for row in home.steering.bans() if row.automatic] == []


def test_torrents_share_it(pair, world, torrent):
    leech, _ = pair
    other = Sample("other")
    leech.add(other)
    harm(leech, other, "127.0.0.1")
    world.run()
    assert leech.row(torrent).peers.connected == 0


@pytest.mark.parametrize("wrong", ["", "x", "1.2.3.4/99", "fe80::1%eth0", "host:6881"])
def test_nonsense_changes_nothing(home, wrong):
    for call in (lambda: home.steering.ban(["1.2.3.4", wrong], None, None), lambda: home.steering.lift_bans([wrong])):
        found = error(call)
        assert isinstance(found, RpcError)
        assert found.name == "invalid_params"
        assert found.data["path"].startswith("networks[")
    assert networks(home) == []


def test_one_that_is_not_banned_cannot_be_lifted(home):
    ban(home, "192.0.2.1")
    found = error(lambda: home.steering.lift_bans(["192.0.2.1", "192.0.2.2"]))
    assert str(found) == "networks[1]: 192.0.2.2 is not banned"
    assert networks(home) == ["192.0.2.1"]


def test_one_that_makes_no_sense_is_dropped_at_the_start(home, logged):
    home.stop()
    home.make()
    result(home.daemon.host.state.open())
    result(home.daemon.host.state.put_bans([BanRecord("nonsense", "", 1.0, None, None)]))
    result(home.daemon.host.state.close())
    assert networks(home.start()) == []
    assert any("a ban is dropped" in line for line in logged())


def test_a_state_that_cannot_be_written_is_told_to_who_bans(home):
    home.daemon.host.state._commits._connection.close()
    assert isinstance(error(lambda: home.steering.ban(["192.0.2.1"], None, None)), StorageError)
