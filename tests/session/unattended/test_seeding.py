"""Torrents that have been seeded enough."""

import pytest

from tests.session.world import PIECE, Home, Sample, result
from torrentd.model.layout import Priority
from torrentd.session.control import FileChoice, Wishes
from torrentd.session.sleeping.sleeper import Sleeper


@pytest.fixture
def torrent():
    return Sample(files={"a.bin": 8 * PIECE})


def seeding(home: Home, torrent: Sample, **options):
    home.put(torrent)
    return home.add(torrent, **options)


def set_limits(home, torrent, **limits):
    result(home.steering.set(torrent.id, Wishes(limits=limits)))


def asleep(home, torrent):
    return isinstance(home.daemon.around.torrents[bytes.fromhex(torrent.id)], Sleeper)


def test_time_finishes_it_also_asleep_and_that_survives(make_home, world, torrent):
    home = make_home(toml="[seeding]\nseed_time = 1000\n").start()
    seeding(home, torrent)
    world.run(500)
    assert asleep(home, torrent)
    assert home.row(torrent).state == "seeding"
    world.run(501)
    row = home.row(torrent)
    assert (row.state, row.seeding_time, row.stalled) == ("finished", 1000, False)
    world.run(200)
    assert asleep(home, torrent)
    home.crash()
    home.start()
    world.run(5)
    row = home.row(torrent)
    assert (row.state, row.seeding_time) == ("finished", 1000)


def test_a_ratio_counts_what_went_to_others(make_home, world, torrent):
    seed, leech = make_home(6881, "[seeding]\nratio = 0.5\n").start(), make_home(6882).start()
    seeding(seed, torrent)
    result(seed.steering.set_limits(up=PIECE))
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: seed.row(torrent).state == "finished", 60)
    assert 0.5 <= seed.row(torrent).uploaded / torrent.size < 1
    assert leech.row(torrent).peers.connected == 0


def test_idle_time_begins_anew_with_each_byte(make_home, world, torrent):
    seed, leech = make_home(6881, "[seeding]\nidle_time = 100\n").start(), make_home(6882).start()
    seeding(seed, torrent)
    world.run(90)
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).state == "seeding", 30)
    world.run(90)
    assert seed.row(torrent).state == "seeding"
    world.run(20)
    assert seed.row(torrent).state == "finished"


def test_a_torrents_own_limits_beat_the_files(make_home, world, torrent):
    home = make_home(toml="[seeding]\nseed_time = 100\n").start()
    seeding(home, torrent)
    set_limits(home, torrent, seed_time="unlimited", idle_time=5000)
    world.run(4000)
    assert home.row(torrent).state == "seeding"
    world.run(1001)
    assert home.row(torrent).state == "finished"


def test_resumed_it_goes_on_without_the_limit_that_was_reached(make_home, world, torrent):
    home = make_home(toml="[seeding]\nseed_time = 100\nratio = 5.0\n").start()
    seeding(home, torrent)
    world.run(101)
    assert home.row(torrent).state == "finished"
    result(home.steering.resume(torrent.id, False))
    world.run(1000)
    row = home.row(torrent)
    assert (row.state, row.limits.seed_time, row.limits.ratio) == ("seeding", "unlimited", None)


def test_another_limit_lets_it_go_on_or_ends_it_at_once(make_home, world, torrent):
    home = make_home().start()
    seeding(home, torrent)
    world.run(100)
    set_limits(home, torrent, seed_time=50)
    assert home.row(torrent).state == "finished"
    set_limits(home, torrent, seed_time=500)
    assert home.row(torrent).state == "seeding"
    world.run(401)
    assert home.row(torrent).state == "finished"
    result(home.steering.pause(torrent.id))
    assert home.row(torrent).state == "paused"


def test_what_is_wanted_after_all_is_fetched(make_home, world):
    torrent = Sample()
    seed, leech = make_home(6881).start(), make_home(6882, "[seeding]\nratio = 0.0\nseed_time = 50\n").start()
    seeding(seed, torrent)
    leech.add(torrent, peers=(seed.address,), files=(FileChoice(Priority.SKIP, 1),))
    world.until(lambda: leech.row(torrent).state == "finished", 100)
    result(leech.steering.set_files(torrent.id, [FileChoice(Priority.NORMAL, 1)]))
    assert leech.row(torrent).state == "downloading"
    world.until(lambda: leech.same(torrent), 120)


def test_removed_with_its_files_left(make_home, world, torrent, logged):
    home = make_home(toml='[seeding]\nseed_time = 100\naction = "remove"\n').start()
    seeding(home, torrent)
    world.run(101)
    assert home.steering.ids() == []
    assert home.same(torrent)
    home.crash()
    assert home.start().steering.ids() == []
    assert not [line for line in logged() if "bug" in line or "nhandled" in line]


def test_kept(make_home, world, torrent):
    home = make_home(toml='[seeding]\nseed_time = 100\naction = "keep"\n').start()
    seeding(home, torrent)
    world.run(1000)
    assert home.row(torrent).state == "seeding"


def test_a_reload_counts_at_once(make_home, world, torrent):
    home = make_home().start()
    seeding(home, torrent)
    world.run(1000)
    assert asleep(home, torrent)
    home.toml("[seeding]\nseed_time = 500\n")
    home.daemon.use(home.configuration())
    home.daemon.apply_limits()
    world.run(1)
    assert home.row(torrent).state == "finished"
    home.toml("[seeding]\nseed_time = 5000\n")
    home.daemon.use(home.configuration())
    home.daemon.apply_limits()
    world.run(1)
    assert home.row(torrent).state == "seeding"


def test_one_that_was_idle_stays_finished_after_a_restart(make_home, world, torrent):
    home = make_home(toml="[seeding]\nidle_time = 100\n").start()
    seeding(home, torrent)
    world.run(101)
    assert home.row(torrent).state == "finished"
    home.stop()
    home.start()
    home.session(torrent)
    world.run(200)
    assert home.row(torrent).state == "finished"
    home.stop()
    home.toml("")
    home.start()
    world.run(1)
    assert home.row(torrent).state == "seeding"


def test_without_limits_a_sleeper_needs_no_timer(home, world, torrent):
    seeding(home, torrent)
    world.run(100)
    assert asleep(home, torrent)
    assert home.daemon.around.seeding._due == []
