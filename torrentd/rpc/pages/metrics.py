"""The daemon in numbers, for Prometheus: text in the format of OpenMetrics 1.0.

They are read when somebody asks, on the reactor's thread, from what the daemon counts anyway: no number is kept here.
Series per torrent are for those who ask for them in the configuration, because each torrent costs six of them.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator

import twisted
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from torrentd import __version__
from torrentd.session.control import Control
from torrentd.session.telling.rows import StatusRow, TorrentRow

CONTENT_TYPE = CONTENT_TYPE_LATEST.encode()

_TORRENT_GAUGES = (
    ("size_bytes", "Size of the content; 0 until the metadata is here", "size"),
    ("left_bytes", "What is wanted and not verified yet", "left"),
)
_TORRENT_COUNTERS = (
    ("downloaded_bytes", "Payload received", "downloaded"),
    ("uploaded_bytes", "Payload sent", "uploaded"),
)
_USED_COLUMNS = frozenset({"name", "state", "peers", "size", "left", "downloaded", "uploaded"})


class Metrics:
    """A registry of our own, so that nothing is shown but what is named here."""

    def __init__(self, control: Control, per_torrent: bool) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._registry.register(_DaemonCollector(control))
        if per_torrent:
            self._registry.register(_TorrentCollector(control))

    def text(self) -> bytes:
        """Everything, as it is now."""
        text: bytes = generate_latest(self._registry)  # type: ignore[no-untyped-call]
        return text


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


class _TorrentCollector(Collector):
    def __init__(self, control: Control) -> None:
        self._control = control

    def collect(self) -> Iterator[Metric]:
        rows = self._control.changes(None, _USED_COLUMNS).rows
        info = InfoMetricFamily("torrentd_torrent", "Name and state of a torrent", labels=["id"])
        peers = GaugeMetricFamily("torrentd_torrent_peers", "Connected peers", labels=["id"])
        for row in rows:
            info.add_metric([row.id], {"name": _utf8(row.name), "state": row.state})
            peers.add_metric([row.id], row.peers.connected)
        yield info
        yield peers
        for name, words, column in _TORRENT_GAUGES:
            yield _of_each(GaugeMetricFamily(f"torrentd_torrent_{name}", words, labels=["id"]), rows, column)
        for name, words, column in _TORRENT_COUNTERS:
            yield _of_each(CounterMetricFamily(f"torrentd_torrent_{name}", words, labels=["id"]), rows, column)


def _of_each(
    family: GaugeMetricFamily | CounterMetricFamily, rows: list[TorrentRow], column: str
) -> GaugeMetricFamily | CounterMetricFamily:
    for row in rows:
        family.add_metric([row.id], getattr(row, column) or 0)
    return family


def _utf8(text: str) -> str:
    """A path that is no text (surrogates) must not cost all the other numbers."""
    return text.encode("utf-8", "replace").decode()
