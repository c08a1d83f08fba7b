"""The blocklist of a daemon: in force before anybody is met, renewed, kept, and obeyed by who is connected already."""

from __future__ import annotations

import pytest

from tests.session.world import Sample, result
from torrentd.model.address import Address
from torrentd.session.meeting.blocking import RETRY

LOOPBACK = "Everybody here:127.0.0.0-127.255.255.255\n"
ELSEWHERE = "Nobody here:1.2.3.4-1.2.3.5\n"


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def blocking(make_home, tmp_path):
    """Makes a home whose blocklist is the file `tmp_path / "list"`."""

    def make(text: str, **more: object):
        (tmp_path / "list").write_text(text)
        lines = "".join(f"{key} = {value}\n" for key, value in more.items())
        return make_home(6881, toml=f'[blocklist]\nsource = "{tmp_path}/list"\n{lines}').start()

    return make


def row(home):
    return home.steering.status().blocklist


def name_peer(home, torrent, address):
    result(home.steering.add_peers(torrent.id, [address]))
    home.world.run()


def reload(home):
    home.daemon.use(home.configuration())
    home.daemon.blocking.apply(home.daemon.settings)
    home.world.run()


def test_none_is_the_default(home):
    assert row(home) is None
    assert not (home.root / "state" / "blocklist").exists()


def test_who_is_on_it_does_not_get_in(blocking, make_home, world, torrent):
    leech, seed = blocking(LOOPBACK), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent)
    name_peer(seed, torrent, leech.address)
    world.run(30)
    assert row(leech).refused >= 1
    assert leech.row(torrent).peers.connected == 0


def test_nobody_dials_him(blocking, world, torrent):
    leech = blocking(LOOPBACK)
    leech.add(torrent)
    name_peer(leech, torrent, Address("127.0.0.1", 6882))
    world.run(30)
    assert world.network.dialled == []


def test_who_is_connected_has_to_leave(blocking, make_home, world, torrent, tmp_path):
    leech, seed = blocking(ELSEWHERE), make_home(6882).start()
    leech.add(torrent)
    seed.add(torrent)
    name_peer(leech, torrent, seed.address)
    world.until(lambda: leech.row(torrent).peers.connected, 30)
    (tmp_path / "list").write_text(LOOPBACK)
    reload(leech)
    assert leech.row(torrent).peers.connected == 0
    _, closed = result(leech.steering.peers(torrent.id))
    assert closed[-1].reason == "banned: its address is on the blocklist"


def test_a_file_is_read_again_now_and_then(blocking, world, tmp_path):
    home = blocking(ELSEWHERE, refresh=600)
    before = row(home)
    (tmp_path / "list").write_text(ELSEWHERE + LOOPBACK)
    world.run(599)
    assert row(home) == before
    world.run(2)
    assert (row(home).ranges, row(home).updated_at) == (2, before.updated_at + 600)


def test_one_that_cannot_be_read_leaves_the_old_one_in_force(blocking, world, tmp_path):
    home = blocking(ELSEWHERE, refresh=86400)
    (tmp_path / "list").write_text("nonsense")
    reload(home)
    assert row(home).ranges == 1
    assert "no range" in row(home).error
    (tmp_path / "list").write_text(ELSEWHERE + LOOPBACK)
    world.run(RETRY + 1)
    assert (row(home).ranges, row(home).error) == (2, None)


def test_a_start_goes_by_what_was_kept(blocking, tmp_path):
    home = blocking(LOOPBACK)
    home.stop()
    (tmp_path / "list").unlink()
    home.start()
    assert row(home).ranges == 1
    assert "No such file" in row(home).error


def test_what_was_kept_may_be_damaged(blocking):
    home = blocking(LOOPBACK)
    home.stop()
    (home.root / "state" / "blocklist").write_bytes(b"rubbish")
    assert row(home.start()).ranges == 1


def test_without_a_source_nothing_stays_in_force(blocking):
    home = blocking(LOOPBACK)
    home.toml("")
    reload(home)
    assert row(home) is None
    assert not home.daemon.around.blocklist.refuses("127.0.0.1")
    assert not (home.root / "state" / "blocklist").exists()
    assert row(home) is None


def test_a_source_that_is_gone_at_the_next_start_leaves_nothing(blocking):
    home = blocking(LOOPBACK)
    home.stop()
    home.toml("")
    home.start()
    assert not home.daemon.around.blocklist.refuses("127.0.0.1")
    assert not (home.root / "state" / "blocklist").exists()


def test_no_timer_stays_behind(blocking, world):
    home = blocking(LOOPBACK)
    home.stop()
    assert world.reactor.getDelayedCalls() == []


def test_renewed_by_hand(blocking, tmp_path):
    listed = blocking(ELSEWHERE)
    (tmp_path / "list").write_text(ELSEWHERE + LOOPBACK)
    assert result(listed.steering.renew_blocklist()).ranges == 2
    (tmp_path / "list").unlink()
    told = result(listed.steering.renew_blocklist())
    assert told.ranges == 2
    assert "list" in told.error


def test_none_cannot_be_renewed(home):
    assert result(home.steering.renew_blocklist()) is None
