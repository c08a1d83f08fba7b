"""Limits and the queue, with libtorrent as the peer, steered and asked through the RPC."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import pytest

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.conftest import Stage
from tests.interop.content import MIB, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until
from tests.interop.relay import Lateness, Relay, busiest_second, rate
from torrentd.model.geometry import BLOCK
from torrentd.rpc.client import CannotConnect, RpcFailed

LIMIT = 800_000
"""bytes per second"""
LOW = 34_000
"""bytes per second: two blocks and a bit"""
MEASURED = 10.0
"""seconds"""


@pytest.fixture
def relays() -> Iterator[list[Relay]]:
    found: list[Relay] = []
    yield found
    for relay in found:
        relay.close()


@pytest.mark.parametrize("limit", [LIMIT, LOW])
def test_rates(stage: Stage, relays: list[Relay], limit: int) -> None:
    """All four at the same time: a daemon that is limited as a whole, one whose torrents are, both ways. What others
    send comes in whole blocks, of which a second at a low limit may see one more than it should."""
    whole = stage.run(Torrentd, limits={"download": limit, "upload": limit})
    single, other = stage.run(Torrentd), stage.run(Libtorrent)
    ways: dict[str, list[tuple[float, int]]] = {}
    for number, (name, daemon) in enumerate({"whole": whole, "single": single}.items()):
        own = limit if daemon is single else None
        sent = make(stage.directory(f"{name}-up"), {"up.bin": 12 * MIB}, seed=2 * number)
        daemon.add(sent, sent.origin, limits={"up": own})
        daemon.wait(sent)
        other.add(sent, stage.directory(f"{name}-to"))
        relays.append(Relay(daemon.peer_address))
        other.connect(sent, relays[-1].address)
        ways[f"{name} up"] = relays[-1].up
        got = make(stage.directory(f"{name}-down"), {"down.bin": 12 * MIB}, seed=2 * number + 1)
        other.add(got, got.origin, seed=True)
        relays.append(Relay(other.peer_address))
        daemon.add(got, peers=[relays[-1].address], limits={"down": own})
        ways[f"{name} down"] = relays[-1].up
    for name, carried in ways.items():
        until(lambda carried=carried: sum(count for _, count in carried) > 2 * limit, f"{name} moves", WAIT)  # type: ignore[misc]
    lateness, begin = Lateness(), time.monotonic()
    until(lambda: time.monotonic() >= begin + MEASURED, "it was measured", WAIT)
    late, end = lateness.end(), begin + MEASURED
    for name, carried in ways.items():
        one_more = BLOCK if limit == LOW and name.endswith("down") else 0
        assert rate(carried, begin, end) == pytest.approx(limit, rel=0.03, abs=one_more / MEASURED), name
        most = limit * (1.2 + late) + one_more
        assert busiest_second(carried, begin, end) <= most, (name, late)


def test_the_queue(stage: Stage) -> None:
    """Three torrents, of which one may download at a time; places survive a restart."""
    daemon = stage.run(Torrentd, queue={"downloads": 1})
    torrents = [make(stage.directory(f"origin{n}"), {f"content{n}.bin": 3 * MIB}, seed=n) for n in range(3)]
    seed = stage.run(Libtorrent)
    for torrent in torrents:
        seed.add(torrent, torrent.origin, seed=True)
        daemon.add(torrent, peers=[seed.peer_address], limits={"down": 200_000})
    first, second, third = (torrent.info_hash for torrent in torrents)

    def running() -> list[str]:
        rows = daemon.rpc("torrent.list", filter={"state": "downloading"}, fields=["id"])["torrents"]
        return [row["id"] for row in rows]

    until(lambda: running() == [first], "the first one downloads", WAIT)
    daemon.rpc("torrent.queue", ids=[third], to="top")
    until(lambda: running() == [third], "the one at the top downloads", WAIT)
    daemon.restart()
    until(lambda: running() == [third], "it does so after a restart", WAIT)
    assert [daemon.get(torrent)["queue"] for torrent in torrents] == [1, 2, 0]
    assert [daemon.get(torrent)["state"] for torrent in torrents] == ["queued", "queued", "downloading"]
    daemon.rpc("torrent.resume", ids=[second], force=True)
    until(lambda: set(running()) == {second, third}, "who is forced runs besides", WAIT)
    daemon.rpc("torrent.set", ids=[third], limits={"down": None})
    daemon.wait(torrents[2])
    until(lambda: first in running(), "the next one takes the place of the one that is complete", WAIT)
    daemon.rpc("torrent.set", ids="all", limits={"down": None})
    for torrent in torrents:
        daemon.wait(torrent)


def test_the_alternative_limits_and_priorities(stage: Stage, torrentd: Torrentd) -> None:
    """What is set counts, is told, and is there after kill -9."""
    torrent, seed = make(stage.directory("origin"), {"content.bin": 8 * MIB}), stage.run(Libtorrent)
    torrentd.rpc("limits.set", alternative={"down": 0, "up": 1000, "enabled": True, "schedule": []})
    seed.add(torrent, torrent.origin, seed=True)
    torrentd.add(torrent, peers=[seed.peer_address])
    torrentd.rpc("torrent.set", ids="all", priority="high")
    until(lambda: torrentd.get(torrent)["peers"]["connected"], "they are connected", WAIT)
    torrentd.kill()
    torrentd.start()
    assert torrentd.rpc("limits.get")["alternative"] == {"down": 0, "up": 1000, "enabled": True, "schedule": []}
    until(lambda: torrentd.get(torrent)["peers"]["connected"], "they are connected again", WAIT)
    assert torrentd.get(torrent)["priority"] == "high"
    assert torrentd.get(torrent)["downloaded"] == 0
    since = torrentd.rpc("events.poll", timeout=0)["cursor"]
    torrentd.rpc("limits.set", alternative={"enabled": False})
    told = torrentd.rpc("events.poll", since=since, topics=["config"], timeout=WAIT)["events"]
    assert [event["data"]["alternative_limits"] for event in told] == [False]
    torrentd.wait(torrent)


class Hasty(Torrentd):
    """The first thing that it is told is a limit, as soon as it listens."""

    limits: Mapping[str, int] = {}

    def _answers(self) -> bool:
        try:
            return bool(self.rpc("limits.set", **self.limits))
        except CannotConnect:
            return False


def test_what_is_set_in_the_first_moment_of_a_start_beats_what_was_stored(stage: Stage) -> None:
    daemon = stage.place(Hasty)
    for limits in ({"up": 1_000_000}, {"up": 2_000_000}, {}):
        daemon.limits = limits
        daemon.start()
        assert daemon.rpc("limits.get")["up"] == limits.get("up", 2_000_000)
        daemon.kill()


def test_nonsense(torrentd: Torrentd) -> None:
    before = torrentd.rpc("limits.get")
    nonsense: list[tuple[str, dict[str, object]]] = [
        ("torrent.queue", {"ids": "all", "to": "sideways"}),
        ("torrent.set", {"ids": "all", "limits": {"up": -1}}),
        ("torrent.set", {"ids": "all", "priority": "highest"}),
        ("limits.set", {"down": 5, "alternative": {"schedule": ["always"]}}),
        ("limits.set", {"down": 5, "alternative": {"enabled": "no"}}),
        ("limits.set", {"down": "fast"}),
    ]
    for method, params in nonsense:
        with pytest.raises(RpcFailed) as failed:
            torrentd.rpc(method, **params)
        assert failed.value.code == -32602
    assert torrentd.rpc("limits.get") == before
