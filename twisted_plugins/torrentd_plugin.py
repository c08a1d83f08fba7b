"""Tells twistd about torrentd; the work is in torrentd.plugin."""

from twisted.application.service import ServiceMaker

torrentd = ServiceMaker(
    "torrentd",
    "torrentd.plugin",
    "A BitTorrent daemon.",
    "torrentd",
)
