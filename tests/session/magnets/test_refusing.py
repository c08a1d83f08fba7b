"""Magnets whose files may lie in another torrent's way, and what happens while they are compared."""

from __future__ import annotations

import pytest

from tests.session.magnets.links import add, link
from tests.session.world import ASLEEP, PIECE, Sample, result
from torrentd.session.sleeping.sleeper import Sleeper


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def longer():
    """Another torrent of that name, with a longer file of the same path."""
    return Sample(files={"other.bin": PIECE, "a.bin": 6 * PIECE})


@pytest.fixture
def seed(make_home, torrent):
    made = make_home(6881).start()
    made.put(torrent)
    made.add(torrent)
    return made


@pytest.fixture
def leech(make_home, seed):
    return make_home(6882).start()


def sleeps(leech, other):
    leech.put(other)
    leech.add(other)
    leech.world.run(ASLEEP)
    assert isinstance(leech.daemon.around.torrents[bytes.fromhex(other.id)], Sleeper)


def fetch(leech, seed, torrent, monkeypatch):
    """Until it is to be compared; the disk hangs from then on."""
    state = leech.daemon.host.state
    stored = state.stored

    def hang(info_hash):
        leech.worker.hangs = True
        return stored(info_hash)

    with monkeypatch.context() as patch:
        patch.setattr(state, "stored", hang)
        add(leech, link(torrent), peers=(seed.address,))
        leech.world.until(lambda: leech.worker.hangs, 60)


def go_on(leech):
    leech.worker.go_on()
    leech.world.run(60)


def test_paused_meanwhile_it_stays_paused(leech, seed, torrent, monkeypatch):
    sleeps(leech, Sample(files={"b.bin": PIECE}))
    fetch(leech, seed, torrent, monkeypatch)
    result(leech.steering.pause(torrent.id))
    go_on(leech)
    assert leech.row(torrent).state == "paused"


def test_moved_meanwhile_it_goes_there(leech, seed, torrent, monkeypatch):
    sleeps(leech, Sample(files={"b.bin": PIECE}))
    fetch(leech, seed, torrent, monkeypatch)
    elsewhere = leech.downloads / "elsewhere"
    elsewhere.mkdir()
    result(leech.steering.move(torrent.id, str(elsewhere), "move"))
    go_on(leech)
    assert (leech.row(torrent).state, leech.row(torrent).download_dir) == ("seeding", str(elsewhere))


def test_who_is_gone_meanwhile_is_in_nobodys_way(leech, seed, torrent, longer, monkeypatch):
    sleeps(leech, longer)
    fetch(leech, seed, torrent, monkeypatch)
    leech.daemon.around.drop(bytes.fromhex(longer.id))
    for name in longer.files:
        leech.path(longer, name).unlink()
    go_on(leech)
    assert leech.row(torrent).state == "seeding"


def test_a_stop_meanwhile_is_no_fault(leech, seed, torrent, longer, monkeypatch, logged):
    sleeps(leech, longer)
    fetch(leech, seed, torrent, monkeypatch)
    leech.stop()
    go_on(leech)
    assert not any("a bug of ours" in line for line in logged())


def test_crashes_after_the_refusal_are_not_its_own(leech, seed, torrent, longer):
    leech.put(longer)
    leech.add(longer)
    add(leech, link(torrent), peers=(seed.address,))
    for _ in range(3):
        leech.world.until(lambda: leech.row(torrent).state == "error", 300)
        assert leech.row(torrent).error.code == "path_not_allowed"
        leech.world.run(60)
        leech.crash()
        leech.start(crashed=True)
    leech.world.run(300)
    assert leech.same(longer)
