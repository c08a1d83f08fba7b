"""The transfers that are timed. Each is the same work for every client, in tmpfs, over loopback TCP.

    A   download from one peer          C    download from eight peers
    B   seed to one peer                C2   seed to eight peers, a quarter of the size each
    A-rc4, B-rc4   A and B with everything encrypted
    I   500 slow peers at once, half of them seeds, half of them leeches: see `crowd`

Time runs from the call that adds the torrent to "complete" as the control interface says (A, C), or to the last
peer's completion (B, C2, from the first peer's start). The far end dials on a tick of its own; each transfer begins at
the same time before it, so that it costs all the same. Also told is the rate after the first byte. What arrived is
compared with the source.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.alone import wait_for_quiet
from benchmarks.case import TAIL, Case, Ground, Measurement, folders, running
from benchmarks.clients import Client, Demands, FarEnd, Kind
from benchmarks.content import Content
from benchmarks.crowd.transfer import among_many
from benchmarks.meter import Meter
from benchmarks.processes import POLL, wait_until

TIME_LIMIT = 120.0
"""Seconds for one transfer; the slowest client that we know needs 60 for case A."""

REDIAL = 1.0
"""Seconds after which a far end that has no peer dials again, and the client is asked how it is."""

SETTLE = 0.5
"""Seconds between a seed's start and the first peer: the start is not what is measured."""


@dataclass(frozen=True, slots=True)
class _Clock:
    """Seconds until the first byte and until the end."""

    first_byte: float
    end: float


def download(case: Case, kind: Kind, content: Content, ground: Ground) -> Measurement:
    """The client fetches the content from the far end's seeds."""
    with folders(ground.area) as (work, target), running(case, kind, work, ground.area) as (client, far):
        for session in range(case.peers):
            far.add(content, content.directory, complete=True, session=session)
        wait_until(far.done, TIME_LIMIT, "the far end seeds")
        wait_for_quiet(ground.patience)
        far.wait_for_tick()
        with Meter(client.pid, [far.pid]) as meter:
            began = time.monotonic()
            client.add(content, target, complete=False)
            clock = _transfer(client, far, began, client.done, "sent", case.peers, content.size)
            time.sleep(TAIL)
        verified = content.is_in(target)
    return _measurement(case, kind, content.size, clock, meter, verified)


def upload(case: Case, kind: Kind, content: Content, ground: Ground) -> Measurement:
    """The client seeds the content to the far end's leeches."""
    with folders(ground.area) as (work, target), running(case, kind, work, ground.area) as (client, far):
        client.add(content, content.directory, complete=True)
        wait_until(client.done, TIME_LIMIT, f"{kind.name} seeds")
        time.sleep(SETTLE)
        wait_for_quiet(ground.patience)
        far.wait_for_tick()
        targets = [target / str(session) for session in range(case.peers)]
        with Meter(client.pid, [far.pid]) as meter:
            began = time.monotonic()
            for session, folder in enumerate(targets):
                folder.mkdir()
                far.add(content, folder, complete=False, session=session)
            clock = _transfer(client, far, began, far.done, "received", case.peers, content.size * case.peers)
            time.sleep(TAIL)
        verified = all(content.is_in(folder) for folder in targets)
    return _measurement(case, kind, content.size * case.peers, clock, meter, verified)


ENCRYPTED = Demands(encrypted=True)

CASES = {
    case.name: case
    for case in (
        Case("A", "download from one peer", download),
        Case("B", "seed to one peer", upload, uploads=True),
        Case("C", "download from 8 peers", download, peers=8),
        Case("C2", "seed to 8 peers, a quarter of the size each", upload, uploads=True, peers=8, share=4),
        Case("A-rc4", "download from one peer, encrypted", download, demands=ENCRYPTED, beside="A"),
        Case("B-rc4", "seed to one peer, encrypted", upload, uploads=True, demands=ENCRYPTED, beside="B"),
        Case(
            "I",
            "500 peers at 0.4 MB/s each, 250 seeds and 250 leeches",
            among_many,
            both_ways=True,
            share=4,
            demands=Demands(crowded=True),
        ),
    )
}


def _transfer(
    client: Client, far: FarEnd, began: float, done: Callable[[], bool], moved: str, peers: int, size: int
) -> _Clock:
    """Connect the far end and wait for the end; `moved` is its counter of the payload, `size` bytes in the end.

    The measured client is left alone until the far end has counted everything: asking it costs it CPU. Once a second it
    is asked all the same, so that an error is not waited out.
    """
    far.dial(client.endpoint, list(range(peers)))
    look_after_at = began + REDIAL
    first_byte: float | None = None
    while True:
        look, now = far.look(), time.monotonic()
        if first_byte is None and look[moved]:
            first_byte = now - began
        due = now > look_after_at
        if (due or look[moved] >= size) and done():
            return _Clock(first_byte or 0.0, time.monotonic() - began)
        if due:
            far.dial(client.endpoint, look["lonely"])
            look_after_at = now + REDIAL
        if now > began + TIME_LIMIT:
            raise TimeoutError(f"the transfer did not end within {TIME_LIMIT:g} s")
        time.sleep(POLL)


def _measurement(case: Case, kind: Kind, size: int, clock: _Clock, meter: Meter, verified: bool) -> Measurement:
    return Measurement(
        case=case.name,
        client=kind.name,
        bytes=size,
        seconds=clock.end,
        first_byte=clock.first_byte,
        cpu=meter.cpu,
        peak_rss=meter.peak_rss,
        foreign=meter.foreign,
        verified=verified,
    )
