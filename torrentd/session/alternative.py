"""The alternative rate limits: in force while the schedule says so, or as long as the user does.

What the user switches holds until the schedule switches the next time; without a schedule, for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from torrentd.model.errors import StorageError
from torrentd.policy.schedule import is_on, parse_window

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from torrentd.config.settings import Limits
    from torrentd.session.daemon import Daemon

_log = Logger()

Override = int | Literal["unlimited"] | None
"""Bytes per second, or no limit; None: what the file says is in force."""

MINUTE = 60.0
LATE = 0.1
"""Seconds into a minute, so that a clock that is a little slow does not show the one before."""


class Alternative(Struct, frozen=True):
    """Set through the API; each beats the file by itself."""

    down: Override = None
    up: Override = None
    schedule: tuple[str, ...] | None = None
    enabled: bool | None = None
    scheduled: bool = False
    """what the schedule said when `enabled` was set: that holds while it says the same"""

    @classmethod
    def read(cls, stored: object) -> Alternative:
        """From the database; anything that we would not have written counts as not set."""
        if not isinstance(stored, dict):
            return cls()
        enabled = stored.get("enabled")
        return cls(
            known_rate(stored.get("down")),
            known_rate(stored.get("up")),
            _known_schedule(stored.get("schedule")),
            enabled if isinstance(enabled, bool) else None,
            stored.get("scheduled") is True,
        )

    def stored(self) -> dict[str, object]:
        """For the database."""
        schedule = None if self.schedule is None else list(self.schedule)
        return {
            "down": self.down,
            "up": self.up,
            "schedule": schedule,
            "enabled": self.enabled,
            "scheduled": self.scheduled,
        }

    @property
    def beaten(self) -> list[str]:
        """The keys of the file that are not in force."""
        overrides: Mapping[str, object] = {"download": self.down, "upload": self.up, "schedule": self.schedule}
        return [f"limits.alternative_{key}" for key, override in overrides.items() if override is not None]

    def in_force(self, settings: Limits, local: datetime) -> bool:
        """Whether these are the limits at that local time."""
        scheduled = self.says(settings, local)
        return self.enabled if self.enabled is not None and self.scheduled == scheduled else scheduled

    def says(self, settings: Limits, local: datetime) -> bool:
        """What the schedule says of that local time."""
        return is_on(map(parse_window, self.windows(settings)), local)

    def windows(self, settings: Limits) -> tuple[str, ...]:
        """The schedule in force."""
        return settings.alternative_schedule if self.schedule is None else self.schedule


class AlternativeChanges(Struct, frozen=True):
    """What the user changes; what is not set stays, and None takes back."""

    down: Override | UnsetType = UNSET
    up: Override | UnsetType = UNSET
    schedule: Sequence[str] | UnsetType | None = UNSET
    enabled: bool | UnsetType | None = UNSET

    def applied(self, to: Alternative, settings: Limits, local: datetime) -> Alternative:
        """The result. ValueError: a window of the schedule cannot be read."""
        if not isinstance(self.down, UnsetType):
            to = replace(to, down=self.down)
        if not isinstance(self.up, UnsetType):
            to = replace(to, up=self.up)
        if not isinstance(self.schedule, UnsetType):
            to = replace(to, schedule=None if self.schedule is None else tuple(self.schedule))
        scheduled = to.says(settings, local)
        if not isinstance(self.enabled, UnsetType):
            to = replace(to, enabled=self.enabled, scheduled=scheduled)
        return to


class Switch:
    """Has the daemon's limits follow the schedule: while there is one, it looks at the clock once a minute."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._timer: IDelayedCall | None = None
        self._stopped = False
        self._was_on = False

    @property
    def on(self) -> bool:
        """Whether the alternative limits are in force now."""
        return self._daemon.runtime_limits.alternative.in_force(self._daemon.settings.limits, self.local())

    def local(self) -> datetime:
        """What the clock on the wall shows."""
        return datetime.fromtimestamp(self._daemon.host.wall_clock())

    def watch(self) -> None:
        """Say so if they were switched, and look again when the minute is over, if there is a schedule."""
        self._forget_what_is_over()
        on = self.on
        if on != self._was_on:
            self._was_on = on
            _log.info("the {which} rate limits are in force", which="alternative" if on else "usual")
            self._daemon.around.tell("config", changed=[], restart_required=[], alternative_limits=on)
        idle = self._timer is None or not self._timer.active()
        if idle and not self._stopped and self._daemon.runtime_limits.alternative.windows(self._daemon.settings.limits):
            rest = MINUTE - self._daemon.host.wall_clock() % MINUTE + LATE
            self._timer = self._daemon.host.reactor.callLater(rest, self._daemon.apply_rates)

    def _forget_what_is_over(self) -> None:
        """What the user switched before the schedule switched."""
        limits = self._daemon.runtime_limits
        own = limits.alternative
        if own.enabled is not None and own.scheduled != own.says(self._daemon.settings.limits, self.local()):
            self._daemon.runtime_limits = replace(limits, alternative=replace(own, enabled=None))
            self._daemon.save_limits().addErrback(_not_saved)

    def stop(self) -> None:
        """It looks no more."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()


def _not_saved(failure: Failure) -> None:
    """It is forgotten again after the next start."""
    failure.trap(StorageError)


def known_rate(stored: object) -> Override:
    """A stored rate; None for anything that is none."""
    if stored == "unlimited":
        return "unlimited"
    return stored if type(stored) is int and stored >= 0 else None


def _known_schedule(stored: object) -> tuple[str, ...] | None:
    if not isinstance(stored, list) or not all(isinstance(text, str) for text in stored):
        return None
    try:
        for text in stored:
            parse_window(text)
    except ValueError:
        return None
    return tuple(stored)
