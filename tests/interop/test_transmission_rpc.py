"""Real clients of Transmission against our daemon."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import transmission_rpc
from transmission_rpc.constants import TORRENT_GET_ARGS

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.clients.transmission_rpc import Remote
from tests.interop.conftest import Stage
from tests.interop.content import Torrent, assert_same, make
from tests.interop.daemon import Torrentd
from tests.interop.processes import until

DEAD = "http://127.0.0.1:9/announce"
SOON = 20.0


@pytest.fixture
def daemon(stage: Stage) -> Torrentd:
    return stage.run(Torrentd, rpc={"tcp": "127.0.0.1:0"})


@pytest.fixture
def remote(daemon: Torrentd) -> Remote:
    return Remote(daemon)


@pytest.fixture
def client(daemon: Torrentd) -> transmission_rpc.Client:
    host, _, port = daemon.rpc_address.rpartition(":")
    return transmission_rpc.Client(host=host, port=int(port), username="x", password=daemon.token)


@pytest.fixture
def torrent(stage: Stage) -> Torrent:
    torrent = make(stage.directory("origin"), {"holiday/film.mkv": 300_000, "holiday/notes.nfo": 12_345}, announce=DEAD)
    (stage.folder / "holiday.torrent").write_bytes(torrent.metainfo)
    return torrent


def test_an_afternoon_with_transmission_remote(
    stage: Stage, daemon: Torrentd, remote: Remote, torrent: Torrent
) -> None:
    seed = stage.run(Libtorrent)
    seed.add(torrent, torrent.origin, seed=True)
    folder = daemon.downloads / "films"
    assert "success" in remote("-a", str(stage.folder / "holiday.torrent"), "-w", str(folder), "-x")
    assert "success" in remote("-a", str(stage.folder / "holiday.torrent"))
    assert len(remote("-l").splitlines()) == 3
    daemon.rpc("torrent.add_peers", id=torrent.info_hash, peers=[seed.peer_address])
    remote("-t", "1", "-s")
    daemon.wait(torrent)
    assert_same(torrent, folder)

    told = remote.shown("-t", torrent.info_hash, "-i")
    assert told["Name"] == "holiday"
    assert told["Hash"] == torrent.info_hash
    assert told["Percent Done"] == "100%"
    assert told["Location"] == str(folder)
    assert told["Total size"] == "312.3 kB (312.3 kB wanted)"
    assert "Done" in remote("-l").splitlines()[1]
    assert [line.split()[:4] for line in remote("-t", "1", "-f").splitlines()[2:]] == [
        ["0:", "100%", "Normal", "Yes"],
        ["1:", "100%", "Normal", "Yes"],
    ]
    assert DEAD.removesuffix("/announce") in remote("-t", "1", "-it")
    remote("-t", "1", "-ip")
    assert set(remote("-t", "1", "-ic").split()[0]) == {"1"}

    remote("-t", "1", "-d", "50", "-u", "20", "-sr", "1.5", "-L", "a,b", "-G", "1", "-ph", "0", "-Bh")
    told = remote.shown("-t", "1", "-i")
    wanted = {"Download Limit": "50 kB/s", "Upload Limit": "20 kB/s", "Ratio Limit": "1.5", "Labels": "a, b"}
    assert {name: told[name] for name in wanted} == wanted
    assert told["Bandwidth Priority"] == "High"
    assert [line.split()[2:4] for line in remote("-t", "1", "-f").splitlines()[2:]] == [
        ["High", "Yes"],
        ["Normal", "No"],
    ]
    assert daemon.get(torrent)["limits"]["down"] == 50_000

    other = "http://127.0.0.1:10/announce"
    remote("-t", "1", "-td", other)
    remote("-t", "1", "-tr", "0")
    assert [tracker["url"] for tracker in daemon.rpc("torrent.trackers", id=torrent.info_hash)["trackers"]] == [other]
    remote("-t", "1", "-v")
    daemon.wait(torrent)
    remote("-t", "1", "--reannounce")
    remote("-t", "all", "-S")
    assert "Stopped" in remote("-l").splitlines()[1]
    remote("-t", "1", "--remove-and-delete")
    assert len(remote("-l").splitlines()) == 2
    until(lambda: list(folder.iterdir()) == [], "the files are gone", SOON)


def test_the_session_with_transmission_remote(daemon: Torrentd, remote: Remote) -> None:
    remote("-d", "70", "-U")
    told = remote.shown("-si")
    assert told["Download speed limit"].startswith("70 kB/s")
    assert told["Upload speed limit"].startswith("Unlimited")
    assert told["Download directory"] == str(daemon.downloads)
    assert told["Daemon version"].startswith("4.1.1 (torrentd")
    assert daemon.rpc("limits.get").items() >= {"down": 70_000, "up": "unlimited"}.items()
    remote("-gsr", "1.5")
    assert remote.shown("-si")["Default seed ratio limit"] == "1.5"
    assert daemon.rpc("config.get", keys=["seeding.ratio"])["source"] == {"seeding.ratio": "runtime"}
    assert "blocklist.source" in remote("--blocklist-update", fails=True)
    assert "Port is open: No" in remote("-pt")
    assert remote.shown("-st")["Ratio"] == "None"
    assert "not absolute" in remote("-a", f"magnet:?xt=urn:btih:{'5a' * 20}", "-w", "films", fails=True)
    assert "token is wrong" in Remote(_wrong(daemon))("-l", fails=True)


class _Wrong:
    """The daemon, with a token that is not its own."""

    def __init__(self, daemon: Torrentd) -> None:
        self.rpc_address, self.token = daemon.rpc_address, "0" * 64


def _wrong(daemon: Torrentd) -> Any:
    return _Wrong(daemon)


def properties(of: Any) -> dict[str, Any]:
    """Everything that the library makes of an answer."""
    kind = type(of)
    names = [name for name in dir(kind) if not name.startswith("_") and isinstance(getattr(kind, name), property)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return {name: getattr(of, name) for name in names}


def test_transmission_rpc_with_every_field(
    stage: Stage, daemon: Torrentd, client: transmission_rpc.Client, torrent: Torrent
) -> None:
    seed = stage.run(Libtorrent)
    seed.add(torrent, torrent.origin, seed=True)
    added = client.add_torrent(torrent.metainfo, labels=["trip"], paused=True)
    assert added.hash_string == torrent.info_hash
    client.change_torrent(added.id, seed_idle_limit=90, seed_idle_mode=1, seed_ratio_limit=2.5, seed_ratio_mode=1)
    daemon.rpc("torrent.add_peers", id=torrent.info_hash, peers=[seed.peer_address])
    client.start_torrent(added.id)
    daemon.wait(torrent)

    asked = {name for name, about in TORRENT_GET_ARGS.items() if about.removed_version is None}
    found = client.get_torrents()[0]
    assert asked <= set(found.fields)
    told = properties(found)
    assert told["status"] == transmission_rpc.Status.SEEDING
    assert told["total_size"] == told["have_valid"] == torrent.size
    assert told["is_finished"] is False
    assert [told["seed_idle_limit"], told["seed_idle_mode"]] == [90, transmission_rpc.IdleMode.Single]
    assert told["labels"] == ["trip"]
    assert told["download_dir"] == str(daemon.downloads)
    assert sorted(Path(file.name).name for file in found.get_files()) == ["film.mkv", "notes.nfo"]
    assert [tracker.announce for tracker in found.trackers] == [DEAD]
    assert [stats.host for stats in found.tracker_stats] == ["http://127.0.0.1:9"]

    session = properties(client.get_session())
    assert session["rpc_version"] == 19
    assert session["download_dir"] == str(daemon.downloads)
    stats = client.session_stats()
    assert stats.current_stats.downloaded_bytes >= torrent.size
    assert stats.torrent_count == 1
    assert client.free_space(str(daemon.downloads)) > 0
    client.set_session(speed_limit_up=30, speed_limit_up_enabled=True, alt_speed_up=7)
    assert client.get_session().alt_speed_up == 7
    client.set_session(alt_speed_enabled=True, alt_speed_time_begin=1350, alt_speed_time_end=375, alt_speed_time_day=6)
    client.set_session(alt_speed_time_enabled=True)
    client.set_session(alt_speed_enabled=False)
    alternative = {"down": 50_000, "up": 7000, "enabled": False, "schedule": ["mon,tue 22:30-06:15"]}
    assert daemon.rpc("limits.get")["alternative"] == alternative
    assert client.get_session().alt_speed_enabled is False
    client.change_torrent(added.id, bandwidth_priority=1)
    assert client.get_torrent(added.id).bandwidth_priority == 1
    assert daemon.rpc("torrent.get", id=torrent.info_hash)["torrent"]["priority"] == "high"
    assert daemon.rpc("limits.get")["up"] == 30_000

    client.change_torrent(added.id, tracker_list=[[DEAD], ["udp://127.0.0.1:9"]])
    assert client.get_torrent(added.id).tracker_list == [DEAD, "udp://127.0.0.1:9"]
    client.queue_top(added.id)
    client.set_session(download_queue_size=3, download_queue_enabled=True, idle_seeding_limit=90)
    assert daemon.rpc("config.get", keys=["queue.downloads"])["values"] == {"queue.downloads": 3}
    client.set_group("home", speed_limit_up=7)
    group = client.get_group("home")
    assert group is not None and group.fields["speed-limit-up"] == 7

    client.verify_torrent(added.id)
    client.reannounce_torrent(added.id)
    client.stop_torrent(added.id)
    until(lambda: client.get_torrent(added.id).status == transmission_rpc.Status.STOPPED, "it is stopped", SOON)
    active, removed = client.get_recently_active_torrents()
    assert [torrent.id for torrent in active] == [added.id]
    client.remove_torrent(added.id, delete_data=True)
    assert client.get_torrents() == []
    active, removed = client.get_recently_active_torrents()
    assert (active, removed) == ([], [added.id])


def test_files_elsewhere_and_under_other_names(
    stage: Stage, daemon: Torrentd, remote: Remote, client: transmission_rpc.Client, torrent: Torrent
) -> None:
    downloads, films, there = daemon.downloads, daemon.downloads / "films", daemon.downloads / "there"
    shutil.copytree(torrent.origin / "holiday", downloads / "holiday")
    client.add_torrent(torrent.metainfo)
    daemon.wait(torrent)

    def seeds() -> bool:
        return client.get_torrent(1).status == transmission_rpc.Status.SEEDING

    assert "success" in remote("-t", "1", "--move", str(films))
    until(seeds, "it was moved", SOON)
    assert remote.shown("-t", "1", "-i")["Location"] == str(films)
    assert_same(torrent, films)
    assert not (downloads / "holiday").exists()

    films.rename(there)
    assert "success" in remote("-t", "1", "--find", str(there))
    until(seeds, "it was found", SOON)
    assert remote.shown("-t", "1", "-i")["Location"] == str(there)
    assert "paths.allowed_roots" in remote("-t", "1", "--move", "/etc", fails=True)

    assert client.rename_torrent_path(1, "holiday/film.mkv", "movie.mkv") == ("holiday/film.mkv", "movie.mkv")
    assert client.rename_torrent_path(1, "holiday", "trip") == ("holiday", "trip")
    found = client.get_torrent(1)
    assert (found.name, found.percent_done) == ("trip", 1.0)
    assert [file.name for file in found.get_files()] == ["trip/movie.mkv", "trip/notes.nfo"]
    assert (there / "trip" / "movie.mkv").read_bytes() == (torrent.origin / "holiday" / "film.mkv").read_bytes()
    for path, name in (("trip", ".."), ("trip", "a/b"), ("trip/movie.mkv", "notes.nfo"), ("nothing", "x"), ("", "")):
        with pytest.raises(transmission_rpc.TransmissionError):
            client.rename_torrent_path(1, path, name)

    client.move_torrent_data(1, str(downloads))
    until(seeds, "it was moved", SOON)
    client.remove_torrent(1, delete_data=True)
    until(lambda: list(downloads.iterdir()) == [there], "the files are gone", SOON)
