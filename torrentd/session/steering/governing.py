"""The daemon itself: how it is, its limits and its configuration, its end."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType
from twisted.internet.defer import Deferred, execute, gatherResults

from torrentd import config
from torrentd.model.errors import RpcError
from torrentd.session.alternative import AlternativeChanges, Override
from torrentd.session.groups import GroupLimits, Membership
from torrentd.session.limits import LIMIT_KEYS, RuntimeLimits, alternative, as_limits, effective
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.session.steering.part import Part
from torrentd.session.telling import snapshots
from torrentd.session.telling.configured import shown
from torrentd.session.telling.rows import (
    AlternativeRow,
    BanRow,
    BlocklistRow,
    DhtRow,
    DhtStatusRow,
    DiskRow,
    RatesRow,
    StatusRow,
    TorrentCounts,
    rate_row,
)

if TYPE_CHECKING:
    from torrentd.session.running.torrent import TorrentSession


KEPT = "kept."
"""What begins like this among the settings of the database belongs to the layers above."""


class Governing(Part):
    """See `session.control.Control`."""

    def status(self) -> StatusRow:
        daemon, around, places = self._daemon, self._around, self._places()
        around.space.look(places)
        rates = [session.rates() for session in around.sessions.values()]
        by_state: dict[str, int] = {}
        for torrent in around.torrents.values():
            state = torrent.row.state if isinstance(torrent, Sleeper) else snapshots.state_of(torrent)
            by_state[state] = by_state.get(state, 0) + 1
        if around.broken:
            by_state["error"] = by_state.get("error", 0) + len(around.broken)
        return StatusRow(
            uptime=int(daemon.host.reactor.seconds() - daemon.started_at),
            pid=os.getpid(),
            listen=[str(address) for address in daemon.listening.addresses],
            external_addresses=daemon.connections.external.addresses(),
            port_mapping=daemon.ports.rows(),
            dht=DhtRow(dht.nodes if (dht := around.dht.status()) else 0),
            torrents=TorrentCounts(len(around.torrents) + len(around.broken), by_state),
            rates=RatesRow(sum(down for down, _ in rates), sum(up for _, up in rates)),
            totals=around.saving.totals(),
            disk=[around.space.row(path) for path in places],
            connections=daemon.connections.fleet.connections,
            blocklist=daemon.blocking.row(),
        )

    def disk(self, path: str) -> Deferred[DiskRow]:
        return self._around.space.look([path]).addCallback(lambda _: self._around.space.row(path))

    def look_at_disks(self) -> Deferred[None]:
        return self._around.space.look(self._places())

    def renew_blocklist(self) -> Deferred[BlocklistRow | None]:
        return self._daemon.blocking.renew()

    def bans(self) -> list[BanRow]:
        return self._around.banning.rows()

    def ban(self, networks: Sequence[str], reason: str | None, seconds: float | None) -> Deferred[list[BanRow]]:
        return self._around.banning.ban(networks, reason, seconds)

    def lift_bans(self, networks: Sequence[str]) -> Deferred[int]:
        return self._around.banning.lift(networks)

    def unready(self) -> str | None:
        if self._daemon.stopping:
            return "stopping"
        return None if self._daemon.listening.addresses else "no peer can connect: network.listen"

    def dht_status(self) -> DhtStatusRow:
        return snapshots.dht_row(self._around.dht.status())

    def _places(self) -> list[str]:
        paths = self._daemon.settings.paths
        places = (_download_dir(torrent) for torrent in self._around.torrents.values())
        return list(dict.fromkeys((paths.download_dir, *places)))

    def limits(self) -> tuple[int | None, int | None]:
        return effective(self._daemon.settings, self._daemon.runtime_limits)

    def alternative_limits(self) -> AlternativeRow:
        daemon = self._daemon
        down, up = alternative(daemon.settings, daemon.runtime_limits)
        windows = daemon.runtime_limits.alternative.windows(daemon.settings.limits)
        return AlternativeRow(rate_row(down), rate_row(up), daemon.switch.on, list(windows))

    def set_limits(
        self,
        down: Override | UnsetType = UNSET,
        up: Override | UnsetType = UNSET,
        alternative: AlternativeChanges | None = None,
    ) -> Deferred[None]:
        daemon = self._daemon
        now, before = daemon.runtime_limits, self.config_values()
        others = now.alternative
        if alternative is not None:
            others = alternative.applied(others, daemon.settings.limits, daemon.switch.local())
        daemon.runtime_limits = RuntimeLimits(
            now.down if isinstance(down, UnsetType) else down, now.up if isinstance(up, UnsetType) else up, others
        )
        daemon.apply_limits()
        self._tell_changed(before)
        return daemon.save_limits()

    def _tell_changed(self, before: Mapping[str, object]) -> None:
        changed = [key for key, value in self.config_values().items() if value != before[key]]
        if changed:
            self._around.tell("config", changed=changed, restart_required=[])

    def config_values(self) -> dict[str, object]:
        (down, up), others = self.limits(), self.alternative_limits()
        limits = {
            "limits.download": _in_file(down),
            "limits.upload": _in_file(up),
            "limits.alternative_download": _in_file(others.down),
            "limits.alternative_upload": _in_file(others.up),
            "limits.alternative_schedule": others.schedule,
        }
        return shown(config.values(self._daemon.settings)) | limits

    def config_sources(self) -> dict[str, str]:
        configuration = self._daemon.configuration
        sources = dict.fromkeys(config.values(configuration.settings), "default")
        sources |= dict.fromkeys((*configuration.written, *configuration.given), "file")
        return sources | dict.fromkeys(self._daemon.beaten, "runtime")

    def set_config(self, values: Mapping[str, object]) -> Deferred[None]:
        limits = {key: value for key, value in values.items() if key in LIMIT_KEYS}
        before = self.config_values()
        try:
            config.overridden(self._daemon.settings, values)
            done = [self._daemon.override({key: value for key, value in values.items() if key not in limits})]
        except config.ConfigError as error:
            raise RpcError("config_invalid", "Nothing was changed", problems=error.problems) from None
        self._tell_changed(before)
        if limits:
            done.append(self.set_limits(**as_limits(limits)))
        return gatherResults(done, consumeErrors=True).addCallback(lambda _: None)

    def config_schema(self) -> dict[str, object]:
        return config.schema()

    def set_groups(self, limits: Mapping[str, GroupLimits], members: Mapping[str, Membership]) -> None:
        self._around.groups.set(limits, {bytes.fromhex(id): member for id, member in members.items()})

    def kept(self, name: str) -> object:
        return self._daemon.kept.get(KEPT + name)

    def keep(self, name: str, value: object) -> Deferred[None]:
        self._daemon.kept[KEPT + name] = value
        return self._daemon.host.state.set_setting(KEPT + name, value)

    def reload(self) -> Deferred[tuple[list[str], list[str]]]:
        return execute(self._reload)

    def set_log_level(self, level: str, namespace: str) -> str:
        return self._daemon.log_levels.set(level, namespace)

    def shutdown(self) -> None:
        self._shutdown()


def _download_dir(torrent: TorrentSession | MagnetSession | Sleeper) -> str:
    if isinstance(torrent, Sleeper):
        return torrent.row.download_dir
    return torrent.record.download_dir if isinstance(torrent, MagnetSession) else torrent.facts.download_dir


def _in_file(rate: int | str | None) -> object:
    """As the file would write it: 0 is unlimited there."""
    return rate if isinstance(rate, int) else 0
