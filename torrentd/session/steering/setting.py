"""What the user sets of one torrent: labels, limits, priority, the order of pieces. It counts at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torrentd.session.limits import of_torrent, rate_limits
from torrentd.state.records import LimitValue
from torrentd.swarm.events import SetLimits, SetSequential

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from torrentd.session.control import Wishes
    from torrentd.session.magnets.magnet import MagnetSession
    from torrentd.session.running.torrent import TorrentSession
    from torrentd.swarm.settings import Settings


def apply(session: TorrentSession, wishes: Wishes, settings: Settings) -> None:
    """Change the torrent. `settings`: the daemon's, which count where the torrent has none of its own."""
    facts = session.facts
    if wishes.labels is not None:
        facts.labels = list(wishes.labels)
    if wishes.sequential is not None:
        facts.sequential = wishes.sequential
        session.handle(SetSequential(wishes.sequential))
    if wishes.limits or wishes.priority is not None:
        facts.limits = with_limits(facts.limits, wishes.limits)
        facts.priority = wishes.priority or facts.priority
        session.torrent.settings.become(of_torrent(settings, facts.limits, facts.priority))
        session.handle(SetLimits(*rate_limits(facts.limits)))
        session.around.seeding.look(session)
    session.around.state_changed(session)


def apply_to_magnet(magnet: MagnetSession, wishes: Wishes, settings: Settings) -> Deferred[None]:
    """The same before the metadata is here; most of it counts when that has come. Fires when it is on the disk."""
    changes: dict[str, Any] = {}
    if wishes.labels is not None:
        changes["labels"] = list(wishes.labels)
    if wishes.sequential is not None:
        changes["sequential"] = wishes.sequential
    if wishes.limits:
        changes["limits"] = with_limits(magnet.record.limits, wishes.limits)
    if wishes.priority is not None:
        changes["priority"] = wishes.priority
    done = magnet.change(**changes)
    magnet.torrent.settings.become(of_torrent(settings, magnet.limits, magnet.priority))
    magnet.tick()
    return done


def with_limits(known: Mapping[str, LimitValue], changed: Mapping[str, LimitValue]) -> dict[str, LimitValue]:
    """Only limits that the torrent has of its own."""
    return {name: value for name, value in {**known, **changed}.items() if value is not None}
