"""Looking at what a magnet link leads to, and links that lead to nothing good."""

from __future__ import annotations

import pytest
from twisted.internet.defer import fail

from tests.session.magnets.links import add, link, look, magnet
from tests.session.world import Sample, error, result
from torrentd.model.address import Address
from torrentd.model.errors import MetainfoError, StorageError
from torrentd.model.layout import Priority
from torrentd.session.control import AddOptions, FileChoice
from torrentd.session.running.commands import RUN
from torrentd.session.telling.rows import LimitsRow
from torrentd.swarm.commands import MetadataFetched
from torrentd.wire import bencode
from torrentd.wire.metainfo import parse

NOBODY = Address("127.0.0.1", 9)


class TestLooking:
    def test_the_metadata_and_nothing_is_added(self, leech, seed, world, torrent):
        found = []
        look(leech, link(torrent), peers=(seed.address,)).addCallback(found.append)
        assert leech.steering.ids() == []
        world.until(lambda: found, 60)
        assert (found[0].id, found[0].name) == (torrent.id, torrent.name)
        assert len(found[0].files) == len(parse(torrent.metainfo).layout.files)
        world.run(1)
        assert not leech.daemon.around.magnets and not leech.daemon.connections.fleet.connections
        assert leech.steering.ids() == []

    def test_time_is_over(self, leech, world, torrent):
        found = []
        look(leech, link(torrent, f"x.pe={NOBODY}"), timeout=10).addErrback(found.append)
        world.run(9)
        assert not found
        world.run(2)
        assert found[0].value.name == "timeout"
        assert not leech.daemon.around.magnets

    def test_two_look_at_once_for_different_times(self, leech, seed, world, torrent):
        short, long = [], []
        look(leech, link(torrent), timeout=1).addBoth(short.append)
        look(leech, link(torrent), timeout=60).addBoth(long.append)
        world.run(2)
        assert short[0].value.name == "timeout" and not long
        result(seed.steering.add_peers(torrent.id, [leech.address]))
        world.until(lambda: long, 60)
        assert long[0].id == torrent.id
        assert not leech.daemon.around.magnets

    def test_of_a_torrent_that_is_here(self, seed, torrent):
        assert result(look(seed, link(torrent))).id == torrent.id

    def test_added_meanwhile(self, leech, seed, world, torrent):
        found = []
        look(leech, link(torrent)).addBoth(found.append)
        add(leech, link(torrent))
        result(leech.steering.add_peers(torrent.id, [seed.address]))
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        assert found[0].id == torrent.id

    def test_the_file_is_added_meanwhile(self, leech, seed, world, torrent):
        found = []
        look(leech, link(torrent)).addBoth(found.append)
        leech.add(torrent, peers=(seed.address,))
        assert found[0].id == torrent.id
        assert not leech.daemon.around.magnets
        world.until(lambda: leech.row(torrent).state == "seeding", 60)

    def test_of_a_torrent_that_waits_for_it(self, leech, seed, world, torrent):
        found = []
        add(leech, link(torrent))
        look(leech, link(torrent)).addBoth(found.append)
        result(leech.steering.add_peers(torrent.id, [seed.address]))
        world.until(lambda: found, 60)
        assert found[0].id == torrent.id

    def test_the_daemon_stops(self, leech, torrent):
        found = []
        look(leech, link(torrent)).addErrback(found.append)
        leech.stop()
        assert found[0].value.name == "shutting_down"


class TestWrong:
    @pytest.mark.parametrize("text", ["", "magnet:?", "magnet:?xt=urn:btih:12", "http://h/x.torrent"])
    def test_no_link(self, leech, text):
        assert isinstance(error(lambda: leech.steering.add_magnet(text, AddOptions())), MetainfoError)
        assert isinstance(error(lambda: look(leech, text)), MetainfoError)

    def test_v2_alone_is_not_supported_yet(self, leech):
        text = "magnet:?xt=urn:btmh:1220" + "ab" * 32
        for call in (lambda: leech.steering.add_magnet(text, AddOptions()), lambda: look(leech, text)):
            assert error(call).name == "unsupported"

    def test_a_directory_that_is_not_allowed(self, leech, torrent):
        failure = error(lambda: leech.steering.add_magnet(link(torrent), AddOptions(download_dir="/etc")))
        assert failure.name == "path_not_allowed"
        assert leech.steering.ids() == []

    def test_a_file_that_no_torrent_has(self, leech, torrent):
        for index in (2_500_001, 2**53 - 1):
            options = AddOptions(files=(FileChoice(Priority.SKIP, index=index),))
            assert error(lambda options=options: leech.steering.add_magnet(link(torrent), options)).name == "file_index"
        assert leech.steering.ids() == []

    def test_everything_at_its_limits_can_be_recorded(self, leech, torrent):
        many = tuple(Address("127.0.0.1", port) for port in range(1, 200))
        add(
            leech,
            link(torrent, *(f"x.pe={peer}" for peer in many), "so=0-2500000", "dn=" + "x" * 5000),
            files=(FileChoice(Priority.SKIP, index=2_500_000), FileChoice(Priority.HIGH, glob="x" * 4096)),
            labels=("l" * 255,) * 2,
            limits=LimitsRow(down=2**53 - 1, up=0, ratio=1e300, idle_time="unlimited"),
            trackers=tuple(f"http://t{number}.example/announce" for number in range(300)),
            peers=many,
        )
        leech.stop()
        leech.start()
        assert leech.row(torrent).state == "metadata"
        assert leech.row(torrent).limits.ratio == 1e300

    def test_metadata_that_is_no_torrent(self, leech, world, torrent):
        found = []
        add(leech, link(torrent))
        look(leech, link(torrent)).addErrback(found.append)
        magnet(leech, torrent).fetched(bencode.encode({"name": "x"}))
        world.run()
        row = leech.row(torrent)
        assert (row.state, row.error.code, row.error.source) == ("error", "invalid_metadata", "metadata")
        assert found[0].value.name == "fetch_failed"
        (failed,) = result(leech.steering.wait([torrent.id], "metadata", 5)).failed
        assert failed.code == 2
        result(leech.steering.resume(torrent.id, False))
        assert leech.row(torrent).state == "metadata"

    def test_a_database_that_cannot_write(self, leech, seed, world, torrent, monkeypatch):
        add(leech, link(torrent))
        state = leech.daemon.host.state
        real = state.fulfil
        monkeypatch.setattr(state, "fulfil", lambda *_: fail(StorageError("no space left", "disk_full")))
        result(leech.steering.add_peers(torrent.id, [seed.address]))
        world.until(lambda: leech.row(torrent).error, 60)
        assert leech.row(torrent).error.code == "disk_full"
        monkeypatch.setattr(state, "fulfil", real)
        result(leech.steering.resume(torrent.id, False))
        world.until(lambda: leech.row(torrent).state == "seeding", 60)

    def test_a_bug_of_ours_costs_this_torrent(self, leech, seed, world, torrent, monkeypatch):
        def broken(*_):
            raise ZeroDivisionError("an injected bug")

        monkeypatch.setitem(RUN, MetadataFetched, broken)
        add(leech, link(torrent), peers=(seed.address,))
        world.until(lambda: leech.row(torrent).error, 60)
        assert leech.row(torrent).error.code == "internal"


class TestPrivate:
    @pytest.fixture
    def torrent(self):
        return Sample("secret", private=True)

    def test_it_is_private_before_anything_else_is_tried(self, leech, seed, world, torrent):
        tracked, untracked = [], []
        around = leech.daemon.around
        around.dht.track = lambda session: tracked.append(session.private)
        around.dht.untrack = lambda info_hash: untracked.append(info_hash)
        add(leech, link(torrent), peers=(seed.address,))
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        assert leech.row(torrent).private is True
        assert tracked == [False, True]  # the second one is refused by the DHT itself
        assert bytes.fromhex(torrent.id) in untracked
        assert leech.session(torrent).torrent.private
