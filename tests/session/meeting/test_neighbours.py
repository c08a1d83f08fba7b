"""Torrents find each other on the local network."""

from __future__ import annotations

import pytest

from tests.session.sleeping.test_dormancy import sleeps
from tests.session.world import ASLEEP, Sample
from torrentd.model.address import Address
from torrentd.wire import lsd


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def lan(world):
    world.network.is_local = True
    return world.network


def heard(lan):
    """Info hashes of all announcements, in order."""
    members = {id(group): group for group in lan.groups_joined}
    return [lsd.parse(datagram).info_hashes for group in members.values() for datagram in group.sent]


def test_two_on_one_network_find_each_other_without_a_tracker(lan, make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent)
    world.until(lambda: leech.row(torrent).state == "seeding", 30)
    assert leech.same(torrent)
    assert heard(lan) == [(bytes.fromhex(torrent.id),)] * 2


def test_several_that_start_together_are_told_one_by_one(lan, home, world):
    torrents = [Sample(name) for name in ("one", "two", "three")]
    for torrent in torrents:
        home.add(torrent)
    world.run(5)
    assert sorted(heard(lan)) == sorted((bytes.fromhex(torrent.id),) for torrent in torrents)


def test_a_private_torrent_is_neither_announced_nor_found(lan, home, world):
    private = Sample(private=1)
    home.add(private)
    world.run(200)
    assert heard(lan) == []
    near(lan, world, private, 7000)
    assert home.row(private).peers.known == 0


def test_a_paused_torrent_is_not_announced(lan, home, world, torrent):
    home.add(torrent, paused=True)
    world.run(200)
    near(lan, world, torrent, 7000)
    assert (heard(lan), home.row(torrent).peers.known) == ([], 0)


def test_switched_off(lan, make_home, world, torrent):
    home = make_home(toml="[discovery]\nlsd = false\n").start()
    home.add(torrent)
    world.run(100)
    assert lan.groups_joined == []


def test_a_sleeping_seed_is_announced_and_woken_by_nobody(lan, home, world, torrent):
    home.put(torrent)
    home.add(torrent)
    world.run(ASLEEP + 600)
    before = len(heard(lan))
    assert before >= 2
    near(lan, world, torrent, 7000)
    assert sleeps(home, torrent)


def test_a_sleeping_leech_wakes_for_a_neighbour_once(lan, home, world, torrent):
    home.add(torrent)
    world.run(ASLEEP)
    assert sleeps(home, torrent)
    near(lan, world, torrent, 7000)
    assert not sleeps(home, torrent)
    assert home.row(torrent).peers.known == 1


def test_nonsense_our_own_and_floods_cost_nothing(lan, home, world, torrent):
    home.add(torrent)
    world.run(5)
    (group,) = lan.groups_joined
    group.near(group.sent[0], Address("127.0.0.1", 6771))
    group.near(b"nonsense", Address("127.0.0.9", 6771))
    group.near(announcement(torrent, 7001), Address("fe80::1", 6771))
    assert home.row(torrent).peers.known == 0
    for port in range(7000, 7500):
        group.near(announcement(torrent, port), Address("127.0.0.9", 6771))
    assert home.row(torrent).peers.known < 50


def near(lan, world, torrent, port):
    """Somebody announces the torrent."""
    for group in lan.groups_joined:
        group.near(announcement(torrent, port), Address("127.0.0.9", 6771))
    world.run(1)


def announcement(torrent, port):
    return lsd.encode(lsd.Announcement(port, (bytes.fromhex(torrent.id),)), lsd.V4_GROUP)
