"""Magnet links, and what is done with them."""

from __future__ import annotations

from tests.session.world import Home, Sample, result
from torrentd.session.control import AddOptions
from torrentd.session.magnets.magnet import MagnetSession


def link(torrent: Sample, *more: str) -> str:
    return "&".join([f"magnet:?xt=urn:btih:{torrent.id}", *more])


def add(home: Home, text: str, **options) -> tuple[str, bool]:
    return result(home.steering.add_magnet(text, AddOptions(**options)))


def look(home: Home, text: str, timeout: float = 60, **options):
    return home.steering.inspect_magnet(text, AddOptions(**options), timeout)


def magnet(home: Home, torrent: Sample) -> MagnetSession:
    found = home.daemon.around.magnets[bytes.fromhex(torrent.id)]
    assert isinstance(found, MagnetSession)
    return found
