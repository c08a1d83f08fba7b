"""The daemon as a whole: torrents come in, are shared, and outlive their daemon."""

from tests.session.world import Sample


def test_a_torrent_goes_from_one_daemon_to_another(make_home, world):
    torrent = Sample()
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    assert seed.add(torrent).torrent.complete
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).state == "seeding", 60)
    assert leech.same(torrent)
    world.until(lambda: leech.row(torrent).completed_at is not None, 10)
