"""Groups of torrents with limits of their own, and torrents outside of those of the daemon."""

from __future__ import annotations

import pytest

from tests.session.sleeping.test_dormancy import sleeps
from tests.session.world import ASLEEP, Sample
from torrentd.session.groups import GroupLimits, Membership

SECONDS = 20
RATE = 20_000
SMALL = {"a.bin": 64 * 32768}


@pytest.fixture
def torrents():
    return [Sample(name, files=SMALL) for name in ("one", "two", "three")]


def sent(world, seed, torrents):
    """Bytes per second of each, over some time."""
    before = [seed.row(torrent).uploaded for torrent in torrents]
    world.run(SECONDS)
    return [(seed.row(torrent).uploaded - was) / SECONDS for torrent, was in zip(torrents, before, strict=True)]


def test_a_group_shares_its_limit_below_that_of_the_daemon(make_home, world, torrents):
    seed, leech = make_home(6881, f"[limits]\nupload = {2 * RATE}\n").start(), make_home(6882).start()
    one, two, _ = torrents
    groups = {"home": GroupLimits(up=RATE)}
    seed.steering.set_groups(groups, {one.id: Membership("home"), two.id: Membership("home")})
    for torrent in torrents:
        seed.put(torrent)
        seed.add(torrent)
        leech.add(torrent, peers=(seed.address,))
    rates = sent(world, seed, torrents)
    assert rates[0] + rates[1] == pytest.approx(RATE, rel=0.15)
    assert rates[0] == pytest.approx(rates[1], rel=0.3)
    assert sum(rates) == pytest.approx(2 * RATE, rel=0.15)
    seed.steering.set_groups({}, {})
    assert sent(world, seed, torrents)[2] == pytest.approx(2 * RATE / 3, rel=0.3)


def test_who_honours_no_limits_of_others_has_only_its_own(make_home, world, torrents):
    seed, leech = make_home(6881, f"[limits]\nupload = {RATE}\n").start(), make_home(6882).start()
    one, two, three = torrents
    seed.steering.set_groups({"away": GroupLimits(up=RATE, honors=False)}, {two.id: Membership("away")})
    for torrent in torrents:
        seed.put(torrent)
        seed.add(torrent)
        leech.add(torrent, peers=(seed.address,))
    rates = sent(world, seed, (two, three))
    assert rates == pytest.approx([RATE, RATE / 2], rel=0.3), "a group outside of the daemon's limit"
    seed.steering.set_groups({}, {one.id: Membership(honors=False)})
    world.until(lambda: leech.row(one).completed_at, 5.0)
    assert leech.row(three).left > 0


def test_a_torrent_that_slept_is_in_its_group_again(home, world):
    torrent = Sample()
    home.put(torrent)
    home.add(torrent)
    home.steering.set_groups({"home": GroupLimits(down=5, up=7)}, {torrent.id: Membership("home", True)})
    world.run(ASLEEP)
    assert sleeps(home, torrent)
    down, up = home.session(torrent).torrent.down, home.session(torrent).torrent.up
    assert (down.unlimited, up.unlimited) == (False, False)
    home.steering.set_groups({"home": GroupLimits()}, {torrent.id: Membership("home")})
    assert (down.unlimited, up.unlimited) == (True, True)
    home.steering.set_groups({}, {torrent.id: Membership("nobody has heard of")})
    assert down.unlimited
