"""What is read with GET, over the whole HTTP layer in memory."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.rpc.fake_control import ONE, torrent
from tests.rpc.serve.http_client import Answer, Server


def samples(answer: Answer) -> dict[str, float]:
    """`name{label=value}` -> value; Prometheus's own parser finds every mistake in the format."""
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    return {
        sample.name + "".join(f"{{{key}={value}}}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def test_who_answers_is_alive() -> None:
    answer = Server().connect().get("/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")


def test_ready_or_why_not() -> None:
    server = Server()
    client = server.connect()
    assert client.get("/readyz").status == 200
    server.control.not_ready = "stopping"
    answer = client.get("/readyz")
    assert (answer.status, answer.body) == (503, b"not ready: stopping\n")
    assert not client.closing


def test_the_daemon_in_numbers() -> None:
    found = samples(Server().connect().get("/metrics"))
    assert found["torrentd_torrents{state=seeding}"] == 1
    assert found["torrentd_payload_bytes_total{direction=up}"] == 2
    assert found["torrentd_payload_rate_bytes_per_second{direction=up}"] == 50
    assert found["torrentd_peer_connections"] == 3
    assert found["torrentd_disk_free_bytes{path=/downloads}"] == 10
    assert found["process_open_fds"] > 0
    assert not [name for name in found if name.startswith("torrentd_torrent_")]
    assert not [name for name in found if name.startswith("python_")]


def test_numbers_of_each_torrent_for_who_wants_them() -> None:
    server = Server(pages={"per_torrent": True})
    server.control.torrents[ONE] = torrent(ONE, 'a "quoted"\nname\\n \udce9', left=7)
    found = samples(server.connect().get("/metrics"))
    assert found[f"torrentd_torrent_left_bytes{{id={ONE}}}"] == 7
    assert found[f"torrentd_torrent_uploaded_bytes_total{{id={ONE}}}"] == 2000
    assert found[f"torrentd_torrent_peers{{id={ONE}}}"] == 3
    (info,) = [name for name in found if name.startswith("torrentd_torrent_info") and ONE in name]
    assert 'name=a "quoted"\nname\\n ?' in info
    assert "state=seeding" in info


def test_no_numbers_if_the_configuration_says_so() -> None:
    answer = Server(pages={"metrics": False}).connect().get("/metrics")
    assert (answer.status, b"metrics.enabled" in answer.body) == (404, True)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_the_door_is_the_same_as_for_calls(path: str) -> None:
    server = Server()
    assert server.connect().get(path, Authorization=None).status == 401
    assert server.connect().get(path, Authorization="Bearer no").status == 401
    assert server.connect().get(path, Origin="http://evil.example").status == 403
    assert server.connect().get(path, Host="evil.example").status == 421
    assert Server(unix=True).connect().get(path, Authorization=None, Host="anything").status == 200


def test_other_methods_and_paths() -> None:
    for method, path, status in [("POST", "/metrics", 405), ("GET", "/metrics/", 404), ("GET", "/rpc", 405)]:
        client = Server().connect()
        client.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
        assert client.answer().status == status


def test_a_query_means_nothing() -> None:
    assert Server().connect().get("/healthz?x=1").status == 200
