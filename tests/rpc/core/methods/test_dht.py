from __future__ import annotations

from tests.rpc.asking import Asked
from tests.rpc.fake_control import FakeControl


def test_status() -> None:
    assert Asked(FakeControl()).call("dht.status") == {
        "enabled": True,
        "own": [{"id": "ab" * 20, "listen": "0.0.0.0:51413", "external_address": None}],
        "nodes": 9,
        "good_nodes": 8,
        "buckets": 7,
        "stored": {"torrents": 1, "peers": 2},
        "torrents": 6,
        "searches": 1,
        "rates": {"down": 10, "up": 20},
        "queries": {"sent": 3, "answered": 4, "dropped": 5},
    }
