"""System calls that fail at the k-th time, made to by strace: shown, survived, never claimed to have worked."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.interop.conftest import Stage
from tests.interop.content import MIB
from tests.interop.faults.claims import SOON, assert_true_claims, error_of, goes_on
from tests.interop.faults.content import Computed
from tests.interop.faults.peers import Seeder
from tests.interop.faults.running import Injected, bytes_read, failing
from tests.interop.processes import until

SIZE = 8 * MIB
RATE = 8 * MIB
BEGUN = MIB / 2
"""bytes verified when the fault begins"""
WRITES = "pwritev,pwritev2"
"""Python takes the one or the other"""


class Case:
    """A download under way."""

    def __init__(self, stage: Stage, until_end: ExitStack, faults: dict[str, object] = SOON) -> None:
        self.content = Computed(SIZE)
        self.torrent = self.content.torrent()
        self.seeder = until_end.enter_context(Seeder(self.content, rate=RATE))
        self.daemon: Injected = stage.run(Injected, faults=faults)
        self.file = self.daemon.downloads / self.content.name
        self.database = self.daemon.folder / "state" / "torrentd.db"
        self.journal = self.database.with_name("torrentd.db-wal")
        self.daemon.add(self.torrent, peers=[self.seeder.address])
        until(lambda: self.daemon.get(self.torrent)["done"] > BEGUN, "it is under way", 10)

    def until_error(self, code: str, source: str, path: Path) -> None:
        """It is shown, with the path, and no bit is false meanwhile."""
        until(lambda: error_of(self.daemon, self.torrent), "it says so", 15)
        error = error_of(self.daemon, self.torrent)
        assert (error["code"], error["source"]) == (code, source)
        assert str(path) in error["message"]
        assert self.true_claims() < self.content.piece_count

    def true_claims(self) -> int:
        return assert_true_claims(self.daemon, self.torrent, self.content, self.daemon.downloads)

    def complete(self) -> None:
        """The torrent goes on by itself, and everything is there, also after a restart."""
        goes_on(self.daemon, self.torrent)
        assert self.true_claims() == self.content.piece_count
        log = self.daemon.whole_log()
        assert "a bug of ours" not in log
        assert "Traceback" not in log
        self.daemon.restart()
        assert self.daemon.get(self.torrent)["state"] == "seeding"


@pytest.fixture
def case(stage: Stage, until_end: ExitStack) -> Case:
    return Case(stage, until_end)


@pytest.mark.parametrize(
    "error, when, code",
    [("EIO", "1", "io_error"), ("EIO", "4..6", "io_error"), ("EDQUOT", "3", "disk_full")],
)
def test_a_write_fails(case: Case, error: str, when: str, code: str) -> None:
    with failing(case.daemon.pid, f"{WRITES}:error={error}:when={when}", paths=[case.file]):
        case.until_error(code, "storage", case.file)
        case.complete()


def test_all_writes_fail_for_a_while(case: Case) -> None:
    with failing(case.daemon.pid, f"{WRITES}:error=EIO", paths=[case.file]) as log:
        case.until_error("io_error", "storage", case.file)
        until(lambda: log.read_text().count("INJECTED") > 1, "it was tried again", 10)
        case.until_error("io_error", "storage", case.file)
    case.complete()


def test_interrupted_writes_are_no_errors(case: Case) -> None:
    with failing(case.daemon.pid, f"{WRITES}:error=EINTR:when=2+3", paths=[case.file]) as log:
        case.daemon.wait(case.torrent)
        assert "EINTR" in log.read_text()
    case.complete()


def test_a_flush_fails(case: Case) -> None:
    """What it covered is hashed again; the download is complete only then."""
    with failing(case.daemon.pid, "fdatasync:error=EIO:when=1", paths=[case.file]):
        before = bytes_read(case.daemon.pid)
        until(lambda: error_of(case.daemon, case.torrent), "it says so", 15)
        assert case.daemon.get(case.torrent)["completed_at"] is None
        assert error_of(case.daemon, case.torrent)["code"] == "io_error"
        case.true_claims()
        goes_on(case.daemon, case.torrent)
        assert bytes_read(case.daemon.pid) - before > SIZE / 2, "what is unknown was not read again"
    case.complete()


def test_a_flush_fails_and_then_we_die(stage: Stage, until_end: ExitStack) -> None:
    """The next start believes nothing that the failed flush covered: it hashes it, and need not fetch it."""
    case = Case(stage, until_end, faults={})
    with failing(case.daemon.pid, "fdatasync:error=EIO", paths=[case.file]):
        until(lambda: error_of(case.daemon, case.torrent), "it says so", 15)
        there = case.content.right_pieces(case.file)
        case.daemon.kill()
    case.daemon.start()
    case.daemon.rpc("torrent.add_peers", id=case.torrent.info_hash, peers=[case.seeder.address])
    case.daemon.wait(case.torrent)
    assert bytes_read(case.daemon.pid) >= len(there) * case.content.piece_size
    assert case.seeder.sent < 1.1 * SIZE, "what was there was fetched again"


@pytest.mark.parametrize("calls", ["pwrite64", "fdatasync"])
def test_the_database_fails(case: Case, calls: str) -> None:
    with failing(case.daemon.pid, f"{calls}:error=EIO", paths=[case.journal]) as log:
        case.until_error("io_error", "state", case.database)
        assert "INJECTED" in log.read_text()
        until(lambda: log.read_text().count("INJECTED") > 2, "it was tried again", 10)
        assert case.true_claims() < case.content.piece_count
        assert case.daemon.rpc("daemon.status")["torrents"]["total"] == 1
    case.complete()


def test_the_database_fails_and_then_we_die(case: Case) -> None:
    with failing(case.daemon.pid, "pwrite64,fdatasync:error=EIO", paths=[case.journal]):
        case.until_error("io_error", "state", case.database)
        case.daemon.kill()
    case.daemon.start()
    case.true_claims()
    case.daemon.rpc("torrent.add_peers", id=case.torrent.info_hash, peers=[case.seeder.address])
    case.complete()
