"""The methods of the API, one noun per file (`torrent`, which has the most, in three)."""

from __future__ import annotations

from torrentd.rpc.core.methods.config import ConfigMethods
from torrentd.rpc.core.methods.daemon import DaemonMethods
from torrentd.rpc.core.methods.dht import DhtMethods
from torrentd.rpc.core.methods.events import EventMethods
from torrentd.rpc.core.methods.jobs import JobMethods
from torrentd.rpc.core.methods.limits import LimitsMethods
from torrentd.rpc.core.methods.torrents import TorrentMethods
from torrentd.rpc.core.registry import Noun
from torrentd.session.control import Control


def nouns(control: Control) -> dict[str, Noun]:
    """Everything the API can do with this daemon, by what stands before the dot."""
    return {
        "config": ConfigMethods(control),
        "daemon": DaemonMethods(control),
        "dht": DhtMethods(control),
        "events": EventMethods(control),
        "job": JobMethods(control),
        "limits": LimitsMethods(control),
        "torrent": TorrentMethods(control),
    }
