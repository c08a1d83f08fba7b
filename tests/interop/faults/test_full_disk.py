"""No space left, for content or for the state: shown, waited for, and nothing is forgotten or claimed wrongly.

The daemon tries again every half minute; these tests make it one second.
"""

from __future__ import annotations

import errno
from contextlib import ExitStack
from pathlib import Path

from tests.interop.conftest import Stage
from tests.interop.content import KIB, MIB
from tests.interop.faults.claims import SOON, assert_true_claims, error_of, goes_on
from tests.interop.faults.content import Computed
from tests.interop.faults.peers import Leecher, Seeder
from tests.interop.faults.running import Injected, grow, small_disk
from tests.interop.processes import until
from torrentd.session.running import trouble

NO_RESERVE = {"min_free": 0}
WITHIN = 60.0
"""Seconds after which a torrent goes on when there is space again"""
LINES = 2
"""of the log about one failure that lasts a few seconds"""


def test_the_real_retry_comes_in_time() -> None:
    assert trouble.FIRST_RETRY <= trouble.RETRY < WITHIN


def test_no_space_for_content(stage: Stage, until_end: ExitStack) -> None:
    content, other = Computed(12 * MIB), Computed(16 * MIB, seed=2, name="other.bin")
    seeder = until_end.enter_context(Seeder(content))
    other_seeder = until_end.enter_context(Seeder(other, rate=8 * MIB))
    small = until_end.enter_context(small_disk(stage.folder / "small", "8m"))
    daemon = stage.run(Injected, faults=SOON, storage=NO_RESERVE)
    torrent, other_torrent = content.torrent(), other.torrent()
    daemon.add(other_torrent, peers=[other_seeder.address])
    daemon.add(torrent, small, peers=[seeder.address])

    until(lambda: error_of(daemon, torrent).get("code") == "disk_full", "it says so", 10)
    row = daemon.get(torrent)
    assert (row["state"], row["error"]["source"]) == ("error", "storage")
    assert str(small / content.name) in row["error"]["message"]
    there = assert_true_claims(daemon, torrent, content, small)
    assert 0 < there < content.piece_count
    with Leecher(content, daemon.peer_address, "127.0.7.1") as leecher:
        leecher.fetch(sorted(content.right_pieces(small / content.name))[:4])  # it goes on seeding
    daemon.wait(other_torrent)  # and the other one downloading
    until(lambda: error_of(daemon, torrent).get("code") == "disk_full", "it waits", 5)
    assert_true_claims(daemon, torrent, content, small)

    grow(small, "32m")
    goes_on(daemon, torrent)
    assert daemon.get(torrent)["error"] is None
    assert len(content.right_pieces(small / content.name)) == content.piece_count
    complaints = [line for line in daemon.whole_log().splitlines() if " warn " in line and str(small) in line]
    assert 0 < len(complaints) <= LINES, complaints


def test_less_space_than_is_to_be_left_free(stage: Stage, until_end: ExitStack) -> None:
    """`min_free` holds before the disk is full, and for every torrent on it; the words name the path."""
    content = Computed(4 * MIB)
    seeder = until_end.enter_context(Seeder(content))
    small = until_end.enter_context(small_disk(stage.folder / "small", "16m"))
    daemon = stage.run(Injected, faults=SOON, storage={"min_free": "14 MiB"})
    torrent = content.torrent()
    daemon.add(torrent, small, peers=[seeder.address])
    until(lambda: error_of(daemon, torrent).get("code") == "disk_full", "it says so", 10)
    assert f"{small / content.name}: only " in error_of(daemon, torrent)["message"]
    grow(small, "32m")
    goes_on(daemon, torrent)


def test_no_space_for_the_state(stage: Stage, until_end: ExitStack) -> None:
    content = Computed(12 * MIB)
    seeder = until_end.enter_context(Seeder(content, rate=4 * MIB))
    daemon = stage.place(Injected, faults=SOON, storage=NO_RESERVE)
    state = until_end.enter_context(small_disk(daemon.folder / "state", "2m"))
    until_end.callback(daemon.kill)  # before the state is unmounted
    daemon.start()
    seeding, torrent = Computed(MIB, seed=2, name="seeding.bin"), content.torrent()
    seeding.write(daemon.downloads / seeding.name)
    daemon.add(seeding.torrent())
    daemon.wait(seeding.torrent())
    daemon.add(torrent, peers=[seeder.address])
    until(lambda: daemon.get(torrent)["done"] > 2 * MIB, "it is under way", 10)

    filler = state / "filler"
    fill(filler)
    until(lambda: error_of(daemon, torrent).get("code") == "disk_full", "it says so", 15)
    assert error_of(daemon, torrent)["source"] == "state"
    assert str(state) in error_of(daemon, torrent)["message"]
    done = assert_true_claims(daemon, torrent, content, daemon.downloads)
    assert done < content.piece_count
    assert daemon.get(seeding.torrent())["state"] == "seeding"

    # what was claimed survives kill -9 while the disk is full
    daemon.kill()
    daemon.start()
    assert daemon.rpc("daemon.status")["torrents"]["total"] == 2
    assert_true_claims(daemon, torrent, content, daemon.downloads)
    filler.unlink()
    daemon.rpc("torrent.add_peers", id=torrent.info_hash, peers=[seeder.address])
    goes_on(daemon, torrent)
    daemon.restart()
    assert daemon.get(torrent)["state"] == "seeding"
    assert assert_true_claims(daemon, torrent, content, daemon.downloads) == content.piece_count


def fill(path: Path) -> None:
    """Write until nothing is left."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4 * KIB))
        except OSError as error:
            assert error.errno == errno.ENOSPC, error
