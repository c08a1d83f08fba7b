"""What the user sets of one torrent."""

import pytest

from tests.session.world import PIECE, Sample, result
from torrentd.session.control import AddOptions, Wishes


@pytest.fixture
def torrent():
    return Sample()


def set_(home, torrent, **wishes):
    result(home.steering.set(torrent.id, Wishes(**wishes)))


def test_it_survives_a_crash_and_a_sleep(home, world, torrent):
    home.put(torrent)
    home.add(torrent, labels=("old",))
    set_(
        home, torrent, labels=("new", "linux"), sequential=True, limits={"down": 5000, "up": "unlimited", "ratio": 1.5}
    )
    set_(home, torrent, priority="high")
    home.crash()
    home.start()
    world.run(120)
    assert torrent.id not in [session.id for session in home.daemon.around.sessions.values()]
    row = home.row(torrent)
    assert (row.labels, row.sequential, row.priority) == (["new", "linux"], True, "high")
    assert (row.limits.down, row.limits.up, row.limits.ratio) == (5000, "unlimited", 1.5)
    session = home.session(torrent)
    assert session.torrent.sequential
    assert session.torrent.up.weight == session.torrent.down.weight == session.torrent.settings.weight == 2.0
    assert (session.torrent.down_limit.rate, session.torrent.up_limit.rate) == (5000, None)


def test_what_is_not_named_stays_and_none_inherits(home, torrent):
    home.add(torrent, labels=("old",))
    set_(home, torrent, limits={"down": 5000, "peers": 3})
    set_(home, torrent, limits={"down": None, "up": 0})
    session = home.session(torrent)
    assert home.row(torrent).labels == ["old"]
    assert session.facts.limits == {"peers": 3, "up": 0}
    assert (session.torrent.down_limit.rate, session.torrent.up_limit.rate) == (None, 0)
    assert session.torrent.settings.max_connections == 3
    set_(home, torrent, limits={"peers": None})
    assert session.torrent.settings.max_connections == 50


def test_a_limit_counts_at_once_in_the_middle_of_a_download(make_home, world):
    torrent = Sample(files={"a.bin": 64 * PIECE})
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set(torrent.id, Wishes(limits={"up": 0})))
    leech.add(torrent, peers=(seed.address,))
    world.run(30)
    assert leech.row(torrent).downloaded == 0
    set_(leech, torrent, limits={"down": 2 * PIECE})
    set_(seed, torrent, limits={"up": None})
    world.run(10)
    assert 15 * PIECE < leech.row(torrent).downloaded < 25 * PIECE
    set_(leech, torrent, limits={"down": None})
    world.until(lambda: leech.row(torrent).state == "seeding", 1)


def test_a_magnet_hands_it_on(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(leech.steering.add_magnet(f"magnet:?xt=urn:btih:{torrent.id}", AddOptions()))
    set_(leech, torrent, labels=("linux",), sequential=True, limits={"down": 0, "peers": 3}, priority="low")
    leech.crash()
    leech.start()
    row = leech.row(torrent)
    assert (row.state, row.labels, row.sequential, row.limits.peers) == ("metadata", ["linux"], True, 3)
    assert row.priority == "low"
    assert leech.daemon.around.magnets[bytes.fromhex(torrent.id)].torrent.settings.max_connections == 3
    result(leech.steering.add_peers(torrent.id, [seed.address]))
    world.until(lambda: leech.row(torrent).state == "downloading")
    world.run(10)
    row = leech.row(torrent)
    assert (row.labels, row.sequential, row.limits.down, row.downloaded) == (["linux"], True, 0, 0)
    assert row.priority == "low"


def test_a_priority_counts_at_once_and_survives_a_reload(home, torrent):
    home.add(torrent)
    settings = home.session(torrent).torrent.settings
    set_(home, torrent, priority="low")
    assert (settings.weight, settings.upload_slots) == (0.5, 4)
    result(home.steering.set_config({"peers.upload_slots": 20}))
    assert (settings.weight, settings.upload_slots) == (0.5, 10)
    set_(home, torrent, limits={"up": 5000})
    assert home.session(torrent).torrent.up.weight == 0.5
    set_(home, torrent, priority="normal")
    assert (settings.weight, home.session(torrent).torrent.up.weight, home.row(torrent).priority) == (
        1.0,
        1.0,
        "normal",
    )
