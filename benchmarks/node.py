"""A libtorrent process under the benchmark's control: a call per line of standard input, JSON both ways.

A call is `[method, arguments]`, the answer `{"ok": ...}` or `{"error": ...}`. Run as a script. One process can hold
several sessions, each with an address of its own, and so be eight peers. It plays two parts: the client that torrentd
is compared with (libtorrent's default settings), and the far end of every transfer (`fast`: it must not be the limit).
"""

from __future__ import annotations

import json
import os
import sys
import time
from base64 import b64decode
from typing import Any

import libtorrent as lt

_ENCRYPTION_FORCED, _ENCRYPTION_OFF = 0, 2  # libtorrent's pe_forced, pe_disabled
_RC4 = 2  # pe_rc4

ALONE = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "in_enc_policy": _ENCRYPTION_OFF,
    "out_enc_policy": _ENCRYPTION_OFF,
    "allow_multiple_connections_per_ip": True,
    "min_reconnect_time": 1,
    "alert_mask": 0,
}
"""Plain TCP between those that we connect, and nothing else. What concerns speed is libtorrent's default."""

FAST = {
    "send_buffer_watermark": 4 * 1024 * 1024,
    "send_buffer_low_watermark": 512 * 1024,
    "send_buffer_watermark_factor": 150,
    "max_out_request_queue": 1500,
    "max_allowed_in_request_queue": 200_000,
    "max_queued_disk_bytes": 32 * 1024 * 1024,
    "unchoke_slots_limit": 100,
}
"""Large buffers and queues for the far end."""

ENCRYPTED = {
    "in_enc_policy": _ENCRYPTION_FORCED,
    "out_enc_policy": _ENCRYPTION_FORCED,
    "allowed_enc_level": _RC4,
}

SETTLE_TIME = 5.0
"""Seconds that the disk may take for what came last."""


class Node:
    """The calls. A torrent's key is its place in the list of all that were added."""

    def __init__(self) -> None:
        self._sessions: list[Any] = []
        self._torrents: list[Any] = []

    def version(self) -> str:
        return str(lt.__version__)

    def open(self, host: str, fast: bool, connections: int, encrypted: bool) -> int:
        """A session on a free port of `host` with so many connections and upload slots (0: the default); the port."""
        settings: Any = ALONE | (FAST if fast else {}) | (ENCRYPTED if encrypted else {})
        settings |= {"listen_interfaces": f"{host}:0", "outgoing_interfaces": host}
        if connections:
            settings |= {"connections_limit": connections, "unchoke_slots_limit": connections}
        self._sessions.append(lt.session(settings))
        return int(self._sessions[-1].listen_port())

    def add(self, session: int, metainfo: str, directory: str, complete: bool) -> int:
        """A torrent; `complete`: the content is there, and is believed."""
        torrent = lt.load_torrent_buffer(b64decode(metainfo))
        torrent.save_path = directory
        flags = lt.torrent_flags
        torrent.flags &= ~(flags.auto_managed | flags.paused)
        torrent.flags |= flags.disable_pex | (flags.seed_mode if complete else 0)
        self._torrents.append(self._sessions[session].add_torrent(torrent))
        return len(self._torrents) - 1

    def connect(self, torrent: int, host: str, port: int) -> None:
        self._torrents[torrent].connect_peer((host, port), 0)

    def ping(self) -> None:
        """Answered by the session's network thread."""
        self._sessions[0].listen_port()

    def settle(self) -> None:
        """Leave the swarms, and have all that came written: a process that just ends leaves half a block behind."""
        for session in self._sessions:
            session.apply_settings({"alert_mask": lt.alert.category_t.storage_notification})
            session.pause()
        for torrent in self._torrents:
            torrent.flush_cache()
        flushed, deadline = 0, time.monotonic() + SETTLE_TIME
        while flushed < len(self._torrents) and time.monotonic() < deadline:
            for session in self._sessions:
                session.wait_for_alert(100)
                flushed += sum(isinstance(alert, lt.cache_flushed_alert) for alert in session.pop_alerts())

    def look(self) -> dict[str, Any]:
        """All torrents together: are all complete, payload bytes in and out, those that have no peer, an error."""
        looks = [torrent.status() for torrent in self._torrents]
        return {
            "complete": all(look.is_seeding for look in looks),
            "received": sum(look.total_payload_download for look in looks),
            "sent": sum(look.total_payload_upload for look in looks),
            "lonely": [index for index, look in enumerate(looks) if not look.num_peers],
            "error": next((look.errc.message() for look in looks if look.errc.value()), ""),
        }


def main() -> None:
    node = Node()
    for line in sys.stdin:
        try:
            method, arguments = json.loads(line)
            answer = {"ok": getattr(node, method)(**arguments)}
        except Exception as error:  # the benchmark is told, and decides
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    os._exit(0)  # a session's destructor waits for trackers and peers


if __name__ == "__main__":
    main()
