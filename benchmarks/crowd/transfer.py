"""Case I: the client seeds one torrent to 250 leeches and downloads another from 250 seeds, all of them slow.

What is measured is a stretch of steady flow, not a transfer from beginning to end; only the peak of the memory is that
of everything since the first peer came. In that stretch the client is called every CALL seconds: its answer has to
wait for whatever its loop does, so that the time until it comes, counted from when the call was due, is its lag.
"""

from __future__ import annotations

import hashlib
import itertools
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from typing import Any

import libtorrent

from benchmarks.alone import wait_for_quiet
from benchmarks.case import Case, Ground, Measurement, folders, started
from benchmarks.clients import Client, Kind
from benchmarks.content import NAME, Content
from benchmarks.crowd.peers import Counts, Torrent
from benchmarks.crowd.process import Crowd, Plan
from benchmarks.crowd.wire import BLOCK
from benchmarks.meter import Meter, peak_rss
from benchmarks.processes import wait_until

SECONDS = 12.0
"""Of steady flow that are measured."""

RAMP = 16.0
"""Seconds that a client may take to come to steady flow: two rounds of a choker."""

STEADY = 0.9
"""Share of the full rate, both ways, that is steady flow."""

LOOK = 0.5
"""Seconds over which the flow is looked at."""

CALL = 0.02
"""Seconds between two calls."""

TIME_LIMIT = 60.0
"""Seconds for a client to check what it seeds."""


def among_many(
    case: Case, kind: Kind, content: Content, ground: Ground, plan: Plan | None = None, seconds: float = SECONDS
) -> Measurement:
    """The client seeds `content`, and downloads as much of another as comes meanwhile."""
    plan = plan or Plan()
    size = int(plan.rates[0] * (RAMP + seconds))
    with folders(ground.area) as (work, target), _mapped(content) as seeded:
        wanted, piece = _alike(target, size, content)
        with started(kind, work, ground.area, case.demands) as client:
            client.add(content, content.directory, complete=True)
            wait_until(client.done, TIME_LIMIT, f"{kind.name} seeds")
            client.add(wanted, target, complete=False)
            wait_for_quiet(ground.patience)
            crowd = Crowd(plan, client.endpoint, _torrent(content, seeded), _torrent(wanted, piece))
            try:
                measurement, sent = _measure(case, kind, client, crowd, plan, seconds)
            finally:
                crowd.stop()
        # not before the client has stopped: a block that is just being written is neither there nor a hole
        return replace(measurement, verified=measurement.verified and is_right(target / NAME, piece, sent))


def _measure(
    case: Case, kind: Kind, client: Client, crowd: Crowd, plan: Plan, seconds: float
) -> tuple[Measurement, int]:
    """The measurement, and how many bytes the seeds have sent; nobody has looked yet at what became of them."""
    with Meter(client.pid, [crowd.pid]):  # forgets the peak of the start
        _until_steady(crowd, plan)
        peak = peak_rss(client.pid)
    with Meter(client.pid, [crowd.pid]) as meter:
        before = crowd.look()
        lags = _lags(client, seconds)
        after = crowd.look()
    received = after.sent - before.sent
    measurement = Measurement(
        case=case.name,
        client=kind.name,
        bytes=received + after.received - before.received,
        seconds=meter.seconds,
        first_byte=0.0,
        cpu=meter.cpu,
        peak_rss=max(peak, meter.peak_rss),
        foreign=meter.foreign,
        verified=not after.wrong,
        received=received,
        lag=quantiles(lags, n=100)[-1],
    )
    return measurement, after.sent


def _until_steady(crowd: Crowd, plan: Plan) -> None:
    """Wait for the full flow, but not for ever: a client that never comes to it is measured all the same."""
    deadline = time.monotonic() + RAMP
    seeds, leeches = plan.rates
    before, at = Counts(), time.monotonic()
    while at < deadline:
        time.sleep(LOOK)
        counts, now = crowd.look(), time.monotonic()
        enough = STEADY * (now - at)
        if counts.sent - before.sent >= seeds * enough and counts.received - before.received >= leeches * enough:
            return
        before, at = counts, now


def _lags(client: Client, seconds: float) -> list[float]:
    """Seconds from the moment at which each call was due until it was answered."""
    lags = []
    began = time.monotonic()
    for call in range(int(seconds / CALL)):
        due = began + call * CALL
        time.sleep(max(0.0, due - time.monotonic()))
        client.ping()
        lags.append(time.monotonic() - due)
    return lags


def _alike(directory: Path, size: int, like: Content) -> tuple[Content, memoryview]:
    """A torrent of at least `size` bytes whose pieces are all alike, and such a piece; nothing is written."""
    piece = os.urandom(like.piece_size)
    count = -(-size // like.piece_size)
    hashes = hashlib.sha1(piece).digest() * count
    length = count * like.piece_size
    info: Any = {b"name": NAME.encode(), b"length": length, b"piece length": like.piece_size, b"pieces": hashes}
    return Content(directory, length, like.piece_size, libtorrent.bencode({b"info": info})), memoryview(piece)


@contextmanager
def _mapped(content: Content) -> Iterator[memoryview]:
    """The content without a copy."""
    with (
        open(content.directory / NAME, "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapping,
        memoryview(mapping) as view,
    ):
        yield view


def _torrent(content: Content, data: memoryview) -> Torrent:
    metainfo: Any = libtorrent.bdecode(content.metainfo)
    info_hash = hashlib.sha1(libtorrent.bencode(metainfo[b"info"])).digest()
    return Torrent(info_hash, content.size // content.piece_size, content.piece_size, data)


def is_right(path: Path, piece: memoryview, sent: int) -> bool:
    """Whether every block in the file is right or was not written, and at least half of what was sent is there."""
    blocks = [bytes(piece[begin : begin + BLOCK]) for begin in range(0, len(piece), BLOCK)]
    hole = bytes(BLOCK)
    right = 0
    with open(path, "rb") as file:
        for block in itertools.cycle(blocks):
            data = file.read(BLOCK)
            if data == block:
                right += BLOCK
            elif data and data != hole:
                return False
            elif not data:
                return right >= sent // 2
    raise AssertionError("a file ends")
