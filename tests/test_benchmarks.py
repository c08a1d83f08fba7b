"""The benchmark itself: it runs, it tells wrong content, it says what grows. No speed is asserted."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
from pathlib import Path

import pytest

from benchmarks import __main__, alone, content, floor, machine, plot, table
from benchmarks.case import Ground, Measurement
from benchmarks.cases import CASES
from benchmarks.clients import Kind, LibtorrentKind, TorrentdKind
from benchmarks.content import NAME
from benchmarks.crowd import wire
from benchmarks.crowd.peers import Counts, Leech, Torrent
from benchmarks.floor import Floor, Loop
from benchmarks.machine import Machine
from benchmarks.micro.__main__ import SUBJECTS, lines
from benchmarks.micro.cost import Cost, Subject
from benchmarks.processes import Process, ProcessDied, wait_until
from benchmarks.results import Results, all_verified
from benchmarks.sizes import GIB, KIB, MIB

TWISTD = Path(sys.executable).with_name("twistd")
TINY = 2 * MIB
PIECE = 64 * KIB


def measured(case: str, client: str, seconds: float, **changes: object) -> Measurement:
    facts = {"first_byte": 0.5, "cpu": seconds / 2, "peak_rss": 50 * MIB, "foreign": 0.0, "verified": True}
    return Measurement(case=case, client=client, bytes=GIB, seconds=seconds, **(facts | changes))


def results(*measurements: Measurement) -> Results:
    limits = Machine(cores=2, sha1=2e9, sha1_all=4e9, rc4=5e8, memcpy=2e10, loopback=4e9, loopback_cpu=0.1)
    return Results(GIB, 256 * KIB, measurements, limits, Floor(Loop(1e9, 0.5), Loop(2e9, 0.25)))


@pytest.mark.interop
@pytest.mark.parametrize(
    ("case", "kind"),
    [
        *((case, TorrentdKind(TWISTD)) for case in ("A", "B", "A-rc4", "B-rc4")),
        *((case, LibtorrentKind()) for case in ("A", "A-rc4")),
    ],
)
def test_a_transfer_is_measured_and_its_content_compared(case: str, kind: Kind, tmp_path: Path) -> None:
    made = content.make(tmp_path / "source", TINY, PIECE)
    measurement = CASES[case].run(CASES[case], kind, made, Ground(tmp_path, patience=0.0))
    assert measurement.verified
    assert measurement.bytes == TINY
    assert measurement.peak_rss > MIB and measurement.seconds > 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["source"]


def test_wrong_or_missing_content_is_seen(tmp_path: Path) -> None:
    made = content.make(tmp_path / "source", TINY, PIECE)
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / NAME
    assert not made.is_in(copy.parent)
    data = bytearray((tmp_path / "source" / NAME).read_bytes())
    copy.write_bytes(data)
    assert made.is_in(copy.parent)
    data[-1] ^= 1
    copy.write_bytes(data)
    assert not made.is_in(copy.parent)
    copy.write_bytes(data[:-1])
    assert not made.is_in(copy.parent)


def test_limits_and_loops_can_be_measured(tmp_path: Path) -> None:
    limits = machine.measure(0.02)
    assert min(limits.sha1, limits.sha1_all, limits.rc4, limits.memcpy, limits.loopback) > 0
    loops = floor.measure(tmp_path, 4 * MIB)
    assert loops.download.rate > 0 < loops.upload.rate
    assert not list(tmp_path.iterdir())


def leech(data: bytes) -> tuple[Leech, Counts, socket.socket]:
    """A leech of a torrent of one piece, that has asked for all of its four blocks; and the other end."""
    counts, (ours, theirs) = Counts(), socket.socketpair()
    made = Leech(ours, Torrent(bytes(20), 1, len(data), memoryview(data)), counts, bytes(20), 0)
    theirs.sendall(wire.handshake(bytes(20), bytes(20)) + wire.message(wire.UNCHOKE))
    assert made.read(memoryview(bytearray(MIB)))
    for _ in range(4):
        made.turn()
    return made, counts, theirs


@pytest.mark.parametrize(("order", "spoilt", "found"), [((0, 1, 2), -1, (3, 0)), ((2, 0, 2, 1), 1, (3, 1))])
def test_a_leech_of_the_crowd_takes_blocks_in_any_order(
    order: tuple[int, ...], spoilt: int, found: tuple[int, int]
) -> None:
    data = os.urandom(4 * wire.BLOCK)
    made, counts, theirs = leech(data)
    with made.socket, theirs:
        for number in order:
            begin = number * wire.BLOCK
            block = data[begin : begin + wire.BLOCK]
            theirs.sendall(wire.piece_header(0, begin) + (block[::-1] if number == spoilt else block))
            assert made.read(memoryview(bytearray(MIB)))
    assert (counts.received // wire.BLOCK, counts.wrong) == found


def test_medians_and_ratios() -> None:
    ours = [measured("A", "torrentd", seconds) for seconds in (2.0, 1.0, 9.0)]
    text = "\n".join(table.lines(results(*ours, measured("A", "other", 4.0))))
    assert "1024 MiB in pieces of 256 KiB, median of 3" in text
    ratio = next(line for line in text.splitlines() if "torrentd / other" in line)
    assert [cell.strip() for cell in ratio.split("|")[2:5]] == ["2.00 x", "2.33 x", "0.50 x"]
    floor_row = next(line for line in text.splitlines() if "torrentd / floor" in line)
    assert "2.00 x" in floor_row
    assert "WRONG" not in text and "disturbed" not in text


def test_an_encrypted_case_is_compared_with_the_plain_one() -> None:
    rows = [measured("A", "torrentd", 2.0), measured("A-rc4", "torrentd", 3.0), measured("A-rc4", "other", 4.0)]
    text = "\n".join(table.lines(results(*rows)))
    ratio = next(line for line in text.splitlines() if "torrentd / its A" in line)
    assert [cell.strip() for cell in ratio.split("|")[2:5]] == ["0.67 x", "0.60 x", "1.50 x"]
    assert "other / its A" not in text, "its plain transfer was not measured"
    assert text.count("torrentd / floor") == 1, "the loop does not encrypt"


def test_what_goes_both_ways_is_told_apart_and_with_its_lag() -> None:
    ours = measured("I", "torrentd", 2.0, received=GIB // 4, lag=0.0053)
    text = "\n".join(table.lines(results(ours, measured("I", "other", 2.0, received=GIB // 4, lag=0.0106))))
    row = next(line for line in text.splitlines() if line.startswith("| torrentd  "))
    assert [cell.strip() for cell in row.split("|")[2:-1]] == ["537", "134", "1.00", "50", "5.3"]
    ratio = next(line for line in text.splitlines() if "torrentd / other" in line)
    assert ratio.split("|")[-2].strip() == "0.50 x"
    assert "floor" not in text.partition("limits of this machine")[0]


def test_wrong_content_and_disturbed_runs_are_said() -> None:
    bad = results(measured("B", "torrentd", 2.0, verified=False), measured("B", "other", 2.0, foreign=1.0))
    text = "\n".join(table.lines(bad))
    assert "WRONG CONTENT: what torrentd transferred" in text
    assert "disturbed: 1 of 1 runs of other" in text
    assert not all_verified(bad.measurements)
    assert json.loads(json.dumps(bad.as_json()))["summaries"][0]["client"] == "torrentd"


def test_the_picture(tmp_path: Path) -> None:
    if not plot.possible():
        pytest.skip("matplotlib is not installed")
    target = tmp_path / "plot.png"
    plot.save(results(measured("A", "torrentd", 2.0), measured("A", "other", 2.0)), str(target))
    assert target.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_every_micro_benchmark_runs_in_its_smallest_worlds(subject: Subject) -> None:
    for dimension, sizes in subject.worlds.items():
        assert next(subject.samples(**{dimension: sizes[0]})) > 0


def test_what_grows_with_pieces_on_the_path_of_a_block_is_said() -> None:
    flat = Cost("flat", "block", "pieces", {1_000: 1e-6, 100_000: 1.2e-6}, for_each_block=True)
    swarm = Cost("swarm", "block", "peers", {10: 1e-6, 1_000: 1e-3}, for_each_block=True)
    steep = Cost("steep", "block", "pieces", {1_000: 1e-6, 100_000: 1e-4}, for_each_block=True)
    assert "nothing on the path of a block grows" in list(lines([flat, swarm]))[-1]
    assert list(lines([flat, swarm, steep]))[-1].endswith(": steep (by pieces)")


def test_one_benchmark_at_a_time(tmp_path: Path) -> None:
    other = os.open(tmp_path, os.O_RDONLY)
    try:
        with alone.machine_to_ourselves(str(tmp_path)), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(other)


def test_a_process_that_dies_is_told_with_its_last_words(tmp_path: Path) -> None:
    process = Process("mortal", [sys.executable, "-c", "raise SystemExit('no room left')"], tmp_path)

    def died() -> str:
        try:
            process.check()
        except ProcessDied as error:
            return str(error)
        return ""

    assert wait_until(died, 10, "the end") == "mortal ended with 1: no room left\n"
    process.stop()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--twistd", "/nowhere/twistd"], "/nowhere/twistd does not exist"),
        (["--cases", "A,Z"], "there is no case 'Z'"),
        (["--size", "many"], "invalid"),
    ],
)
def test_options_that_cannot_be(arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        __main__.main(arguments)
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err
