"""The daemon as a process, with a router on loopback in front of it: by PCP, NAT-PMP, and UPnP through its library."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.interop.conftest import Stage
from tests.interop.daemon import Torrentd
from tests.interop.processes import until
from tests.net.portmap.igd import Igd, Search
from torrentd.simulate.internet.portmapper import PortMapper

PATIENCE = 20.0


@contextmanager
def answering(router: PortMapper, host: str) -> Iterator[str]:
    """The router on a socket there; its address and port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as bound:
        bound.bind((host, 0))
        port = bound.getsockname()[1]
        thread = threading.Thread(target=_serve, args=(bound, router), daemon=True)
        thread.start()
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        with socket.socket(family, socket.SOCK_DGRAM) as other:
            other.sendto(b"", (host, port))
        thread.join()


def _serve(bound: socket.socket, router: PortMapper) -> None:
    while datagram_and_source := bound.recvfrom(2000):
        datagram, source = datagram_and_source
        if not datagram:
            return
        for answer in router.answer(datagram):
            bound.sendto(answer, source)


def start(stage: Stage, listen: str, **ports: Any) -> Torrentd:
    network = {"listen": [listen], "bind_address": ""}
    return stage.run(Torrentd, network=network, ports={"map": True, **ports})


def mapped(torrentd: Torrentd) -> list[dict[str, Any]]:
    """The rows of `daemon.status`, when all ports are mapped."""

    def look() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = torrentd.rpc("daemon.status")["port_mapping"]
        return rows if rows and all(row["external_port"] for row in rows) else []

    return until(look, "the ports are mapped", PATIENCE)


@pytest.mark.parametrize(("host", "method"), [("127.0.0.1", "pcp"), ("127.0.0.1", "nat-pmp"), ("::1", "pcp")])
def test_mapped_while_it_runs(stage: Stage, host: str, method: str) -> None:
    router = PortMapper([method], address="9.9.9.9" if host != "::1" else "2a00::5")
    with answering(router, host) as gateway:
        torrentd = start(stage, f"[{host}]:0" if ":" in host else f"{host}:0", gateway=gateway)
        rows = mapped(torrentd)
        port = int(torrentd.peer_address.rpartition(":")[2])
        assert [(row["protocol"], row["port"], row["external_port"]) for row in rows] == [
            ("tcp", port, port),
            ("udp", port, port),
        ]
        assert {(row["method"], row["external_address"], row["gateway"]) for row in rows} == {
            (method, router.address, host)
        }
        assert torrentd.rpc("daemon.status")["external_addresses"] == [router.address]
        assert set(router.mapped) == {(6, port), (17, port)}
        assert torrentd.stop() == 0
        assert router.mapped == {}


def test_upnp(stage: Stage) -> None:
    pytest.importorskip("miniupnpc")
    client = "127.0.0.1"
    with Igd() as igd, Search(igd), answering(PortMapper([]), client) as gateway:
        torrentd = start(stage, f"{client}:0", gateway=gateway, methods=["upnp"])
        rows = mapped(torrentd)
        assert {(row["method"], row["external_address"]) for row in rows} == {("upnp", "9.9.9.9")}
        port = int(torrentd.peer_address.rpartition(":")[2])
        assert {key: where[:2] for key, where in igd.mapped.items()} == {
            (port, "TCP"): (client, port),
            (port, "UDP"): (client, port),
        }
        assert torrentd.stop() == 0
        assert igd.mapped == {}


def test_on_loopback_the_real_router_is_not_asked(stage: Stage) -> None:
    """With the default route's router: whoever listens on loopback wants nothing of it."""
    torrentd = start(stage, "127.0.0.1:0")
    assert torrentd.rpc("daemon.status")["port_mapping"] == []
    assert "router" not in torrentd.log()
