"""The daemon in numbers, for Prometheus: text in the format of OpenMetrics 1.0.

They are read when somebody asks, on the reactor's thread, from what the daemon counts anyway: no number is kept here.
Series per torrent are for those who ask for them in the configuration, because each torrent costs six of them. They
are written here: the library would make objects of each, which for thousands of torrents holds the reactor ten times as
long.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Final

import twisted
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from torrentd import __version__
from torrentd.session.control import Control
from torrentd.session.telling.rows import StatusRow, TorrentRow

CONTENT_TYPE = CONTENT_TYPE_LATEST.encode()

_OF_TORRENTS: Final[tuple[tuple[str, str, str, Callable[[TorrentRow], int | None]], ...]] = (
    ("peers", "gauge", "Connected peers", lambda row: row.peers.connected),
    ("size_bytes", "gauge", "Size of the content; 0 until the metadata is here", attrgetter("size")),
    ("left_bytes", "gauge", "What is wanted and not verified yet", attrgetter("left")),
    ("downloaded_bytes", "counter", "Payload received", attrgetter("downloaded")),
    ("uploaded_bytes", "counter", "Payload sent", attrgetter("uploaded")),
)
"""Name, type, what it is, and the value; unknown is 0."""
_END: Final = b"# EOF\n"
_USED_COLUMNS = frozenset({"name", "state", "peers", "size", "left", "downloaded", "uploaded"})


class Metrics:
    """A registry of our own, so that nothing is shown but what is named here."""

    def __init__(self, control: Control, per_torrent: bool) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._registry.register(_DaemonCollector(control))
        self._control = control
        self._per_torrent = per_torrent

    def text(self) -> bytes:
        """Everything, as it is now."""
        text: bytes = generate_latest(self._registry)  # type: ignore[no-untyped-call]
        if not self._per_torrent:
            return text
        rows = self._control.changes(None, _USED_COLUMNS).rows
        return text.removesuffix(_END) + "".join(_of_torrents(rows)).encode() + _END


class _DaemonCollector(Collector):
    def __init__(self, control: Control) -> None:
        self._control = control

    def collect(self) -> Iterator[Metric]:
        status = self._control.status()
        versions = {"version": __version__, "python": platform.python_version(), "twisted": twisted.__version__}
        yield InfoMetricFamily("torrentd", "What runs", versions)
        yield GaugeMetricFamily("torrentd_uptime_seconds", "Time since the start", status.uptime)
        yield _labelled("torrentd_torrents", "Torrents by state", "state", status.torrents.by_state)
        yield GaugeMetricFamily("torrentd_peer_connections", "Connected peers", status.connections)
        yield GaugeMetricFamily("torrentd_dht_nodes", "Nodes in the DHT's routing tables", status.dht.nodes)
        yield from _traffic(status)
        yield from _disks(status)


def _traffic(status: StatusRow) -> Iterator[Metric]:
    session = status.totals.session
    payload = CounterMetricFamily("torrentd_payload_bytes", "Payload since the start", labels=["direction"])
    payload.add_metric(["down"], session.downloaded)
    payload.add_metric(["up"], session.uploaded)
    yield payload
    yield CounterMetricFamily("torrentd_wasted_bytes", "Payload that was not needed, or wrong", session.wasted)
    rates = {"down": status.rates.down, "up": status.rates.up}
    yield _labelled("torrentd_payload_rate_bytes_per_second", "Payload, measured", "direction", rates)


def _disks(status: StatusRow) -> Iterator[Metric]:
    free = {disk.path: disk.free for disk in status.disk if disk.free is not None}
    total = {disk.path: disk.total for disk in status.disk if disk.total is not None}
    yield _labelled("torrentd_disk_free_bytes", "Free where torrents are", "path", free)
    yield _labelled("torrentd_disk_size_bytes", "Size of the disks where torrents are", "path", total)


def _labelled(name: str, words: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([_utf8(key)], value)
    return family


def _of_torrents(rows: list[TorrentRow]) -> Iterator[str]:
    yield _head("torrentd_torrent", "info", "Name and state of a torrent")
    for row in rows:
        yield f'torrentd_torrent_info{{id="{row.id}",name="{_escaped(row.name)}",state="{row.state}"}} 1\n'
    for name, kind, words, value in _OF_TORRENTS:
        family = f"torrentd_torrent_{name}"
        yield _head(family, kind, words)
        series = f"{family}_total" if kind == "counter" else family
        for row in rows:
            yield f'{series}{{id="{row.id}"}} {value(row) or 0}\n'


def _head(family: str, kind: str, words: str) -> str:
    return f"# HELP {family} {words}\n# TYPE {family} {kind}\n"


def _escaped(text: str) -> str:
    """A label's value."""
    return _utf8(text).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _utf8(text: str) -> str:
    """A path that is no text (surrogates) must not cost all the other numbers."""
    return text.encode("utf-8", "replace").decode()
