from __future__ import annotations

import subprocess
import sys

from tests.rpc.fake_control import FakeControl
from torrentd.rpc.core import schema
from torrentd.rpc.core.methods import nouns
from torrentd.rpc.core.methods.reading import TorrentResult
from torrentd.rpc.core.registry import build

METHODS = {
    "config.get",
    "config.schema",
    "config.set",
    "daemon.reload",
    "daemon.set_log_level",
    "daemon.shutdown",
    "daemon.status",
    "daemon.version",
    "dht.status",
    "events.poll",
    "events.subscribe",
    "events.unsubscribe",
    "job.cancel",
    "job.get",
    "job.list",
    "limits.get",
    "limits.set",
    "torrent.add",
    "torrent.add_peers",
    "torrent.announce",
    "torrent.export",
    "torrent.files",
    "torrent.get",
    "torrent.inspect",
    "torrent.list",
    "torrent.move",
    "torrent.pause",
    "torrent.peers",
    "torrent.pieces",
    "torrent.queue",
    "torrent.remove",
    "torrent.resume",
    "torrent.set",
    "torrent.set_files",
    "torrent.set_trackers",
    "torrent.trackers",
    "torrent.verify",
    "torrent.wait",
}


def test_all_methods_are_found_in_order() -> None:
    methods = build(nouns(FakeControl()))
    assert list(methods) == sorted(METHODS)


def test_what_is_known_of_a_method() -> None:
    method = build(nouns(FakeControl()))["torrent.get"]
    assert (method.params, method.result) == (schema.Get, TorrentResult)
    assert method.summary == "One torrent."
    assert not (method.waits or method.settings or method.long_poll)


def test_which_methods_change_settings_and_which_poll() -> None:
    methods = build(nouns(FakeControl())).values()
    assert {method.name for method in methods if method.settings} == {
        "config.set",
        "daemon.reload",
        "daemon.set_log_level",
        "daemon.shutdown",
        "limits.set",
    }
    assert {method.name for method in methods if method.long_poll} == {"events.poll", "torrent.inspect", "torrent.wait"}


def test_every_method_has_a_summary() -> None:
    assert all(method.summary.endswith(".") for method in build(nouns(FakeControl())).values())


def test_the_core_does_not_bring_in_the_reactor() -> None:
    program = "import sys, torrentd.rpc.core.api; sys.exit('twisted.internet.reactor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
