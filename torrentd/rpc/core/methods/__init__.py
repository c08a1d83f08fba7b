"""The methods of the API, one noun per file (`torrent`, which has the most, in three)."""

from __future__ import annotations

from txjsonrpc_ng.jsonrpc import BaseSubhandler

from torrentd.rpc.core.methods.bans import BanMethods
from torrentd.rpc.core.methods.config import ConfigMethods
from torrentd.rpc.core.methods.daemon import DaemonMethods
from torrentd.rpc.core.methods.dht import DhtMethods
from torrentd.rpc.core.methods.events import EventMethods
from torrentd.rpc.core.methods.jobs import JobMethods
from torrentd.rpc.core.methods.limits import LimitsMethods
from torrentd.rpc.core.methods.tokens import AuthMethods, TokenMethods
from torrentd.rpc.core.methods.torrents import TorrentMethods
from torrentd.rpc.core.tokens import Tokens
from torrentd.session.control import Control


def nouns(control: Control, tokens: Tokens) -> dict[str, BaseSubhandler]:
    """Everything the API can do with this daemon, by what stands before the dot."""
    return {
        "auth": AuthMethods(),
        "ban": BanMethods(control),
        "config": ConfigMethods(control),
        "daemon": DaemonMethods(control),
        "dht": DhtMethods(control),
        "events": EventMethods(control),
        "job": JobMethods(control),
        "limits": LimitsMethods(control),
        "token": TokenMethods(tokens),
        "torrent": TorrentMethods(control),
    }
