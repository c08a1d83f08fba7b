"""A libtorrent session as a program: JSON lines in, one JSON line out for each.

Run with a Python that has the PyPI package `libtorrent`. The first argument is the address to listen on, the second has
settings over those below, as JSON. It is a process of its own so that a fault of libtorrent does not take the tests
with it.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import libtorrent

NO_ENCRYPTION = 2
SETTINGS = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "in_enc_policy": NO_ENCRYPTION,
    "out_enc_policy": NO_ENCRYPTION,
    "allow_multiple_connections_per_ip": True,
    "min_reconnect_time": 1,
    "active_limit": 1000,
    "alert_mask": 0,
}


class Node:
    """The commands. Torrents are named by their info hash in hex."""

    def __init__(self, host: str, changes: dict[str, Any]) -> None:
        places = {"listen_interfaces": f"{host}:0", "outgoing_interfaces": host}
        self._session = libtorrent.session({**SETTINGS, **places, **changes})
        self._session.set_peer_class_filter(everybody_alike())
        self._torrents: dict[str, Any] = {}

    def port(self) -> int:
        """Where peers may connect; 0 until it listens."""
        port: int = self._session.listen_port()
        return port

    def add(self, metainfo: str, directory: str, upload_limit: int, pex: bool) -> str:
        params = libtorrent.load_torrent_buffer(base64.b64decode(metainfo))
        params.save_path = directory
        flags = libtorrent.torrent_flags
        params.flags &= ~(flags.auto_managed | flags.paused)
        if not pex:
            params.flags |= flags.disable_pex
        params.upload_limit = upload_limit
        handle = self._session.add_torrent(params)
        key = str(handle.info_hash())
        self._torrents[key] = handle
        return key

    def add_magnet(self, link: str, directory: str) -> str:
        params = libtorrent.parse_magnet_uri(link)
        params.save_path = directory
        flags = libtorrent.torrent_flags
        params.flags &= ~(flags.auto_managed | flags.paused)
        params.flags |= flags.disable_pex
        handle = self._session.add_torrent(params)
        key = str(handle.info_hash())
        self._torrents[key] = handle
        return key

    def connect(self, torrent: str, host: str, port: int) -> None:
        self._torrents[torrent].connect_peer((host, port), 0)

    def peers(self, torrent: str) -> list[dict[str, Any]]:
        """The connected ones; `flags` as in its documentation."""
        info = libtorrent.peer_info
        return [
            {
                "address": list(peer.ip),
                "client": peer.client.decode(),
                "upload_only": bool(peer.flags & info.upload_only),
                "by_pex": bool(peer.source & info.pex),
                "pieces": peer.num_pieces,
            }
            for peer in self._torrents[torrent].get_peer_info()
            if not peer.flags & (info.connecting | info.handshake)
        ]

    def dht_nodes(self) -> int:
        """How many nodes are in the routing table."""
        nodes: int = self._session.status().dht_nodes
        return nodes

    def counters(self) -> dict[str, int]:
        """What it counted since it began, by the names that `session_stats_metrics` has."""
        self._session.post_session_stats()
        self._session.wait_for_alert(1000)
        values = [alert.values for alert in self._session.pop_alerts() if hasattr(alert, "values")]
        return values[-1] if values else {}

    def status(self, torrent: str) -> dict[str, Any]:
        status = self._torrents[torrent].status()
        return {
            "state": str(status.state),
            "seeding": status.is_seeding,
            "done": status.total_done,
            "peers": status.num_peers,
            "uploaded": status.total_payload_upload,
            "downloaded": status.total_payload_download,
            "error": status.errc.message() if status.errc.value() else "",
        }


def everybody_alike() -> Any:
    """By default peers on loopback are in a class that has neither slots nor limits."""
    classes = libtorrent.ip_filter()
    for first, last in (("0.0.0.0", "255.255.255.255"), ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")):
        classes.add_rule(first, last, 1 << int(libtorrent.session.global_peer_class_id))
    return classes


def main() -> None:
    node = Node(sys.argv[1], json.loads(sys.argv[2]))
    for line in sys.stdin:
        method, arguments = json.loads(line)
        try:
            answer = {"result": getattr(node, method)(**arguments)}
        except Exception as error:  # the test is told, and may go on
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
