"""The user changes the trackers of a torrent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torrentd.model.errors import RpcError
from torrentd.swarm.events import SetTrackers

if TYPE_CHECKING:
    from torrentd.session.running.torrent import TorrentSession

Tiers = list[list[str]]


def set_trackers(session: TorrentSession, tiers: Tiers) -> None:
    """Announce to these from now on; those that are gone are told that we left. Nothing is saved here."""
    session.facts.tiers = tiers
    session.handle(SetTrackers(tiers))
    session.around.touched(session)


def edited(tiers: Tiers, add: Sequence[str], remove: Sequence[str]) -> Tiers:
    """Without some, and behind the others those that are new, each in a tier of its own. RpcError("invalid_params") for
    one that is to go and is not there."""
    known = {url for tier in tiers for url in tier}
    for index, url in enumerate(remove):
        if url not in known:
            path = f"remove[{index}]"
            raise RpcError("invalid_params", f"{path}: the torrent has no such tracker", path=path)
    kept = [[url for url in tier if url not in remove] for tier in tiers]
    new = [[url] for url in dict.fromkeys(add) if url not in known or url in remove]
    return [tier for tier in kept if tier] + new


def without_repeats(tiers: Sequence[Sequence[str]]) -> Tiers:
    """Each tracker once, where it comes first; without empty tiers."""
    first: dict[str, int] = {}
    for number, tier in enumerate(tiers):
        for url in tier:
            first.setdefault(url, number)
    found = [[url for url in first if first[url] == number] for number in range(len(tiers))]
    return [tier for tier in found if tier]
