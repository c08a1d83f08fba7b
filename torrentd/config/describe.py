"""The settings as the API shows them, and what a reload changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_type_hints

import msgspec

from torrentd.config.forms import Form, plain
from torrentd.config.load import Configuration, flatten
from torrentd.config.settings import SECTIONS, Settings

LIVE = frozenset(
    {
        "blocklist.refresh",
        "blocklist.source",
        "discovery.dht",
        "discovery.dht_bootstrap",
        "discovery.dht_read_only",
        "discovery.pex",
        "limits.alternative_download",
        "limits.alternative_schedule",
        "limits.alternative_upload",
        "limits.download",
        "limits.local_unlimited",
        "limits.upload",
        "log.format",
        "log.level",
        "peers.max_connections",
        "peers.max_connections_per_address",
        "peers.max_connections_per_torrent",
        "peers.max_half_open",
        "peers.upload_slots",
        "queue.downloads",
        "queue.seeds",
        "queue.stalled_after",
        "seeding.action",
        "seeding.idle_time",
        "seeding.ratio",
        "seeding.seed_time",
    }
)
"""Keys that a reload applies; every other key needs a restart."""

_NOT_THERE_YET: dict[str, tuple[str, object]] = {
    "rpc.trusted_proxies": ("proxies in front of the RPC", ()),
}
"""Key -> the feature that it is about, and the value that asks for nothing."""


def values(settings: Settings) -> dict[str, object]:
    """Dotted key -> plain value, as the file would write it."""
    return {key: plain(setting) for key, setting in flatten(settings).items()}


def diff(old: Settings, new: Settings) -> tuple[list[str], list[str]]:
    """The dotted keys that differ: those that can be applied live, and those that need a restart."""
    before, after = flatten(old), flatten(new)
    changed = [key for key in after if before[key] != after[key]]
    return [key for key in changed if key in LIVE], [key for key in changed if key not in LIVE]


def features_not_there_yet(settings: Settings, written: Iterable[str]) -> list[str]:
    """One sentence for each written key that asks for what this version cannot do."""
    now = flatten(settings)
    return [
        f"{key}: {_NOT_THERE_YET[key][0]}: not there yet, the key has no effect"
        for key in written
        if key in _NOT_THERE_YET and now[key] != _NOT_THERE_YET[key][1]
    ]


def schema() -> dict[str, Any]:
    """JSON Schema of the file: the types and defaults that one may write."""
    sections: list[tuple[str, type, Any]] = []
    for section, struct in SECTIONS.items():
        hints = get_type_hints(struct, include_extras=True)
        fields = [(name, _written(hint), None) for name, hint in hints.items()]  # a default: no key is required
        table = msgspec.defstruct(struct.__name__, fields, forbid_unknown_fields=True)
        sections.append((section, table, msgspec.field(default_factory=table)))
    document = msgspec.json.schema(msgspec.defstruct("Configuration", sections, forbid_unknown_fields=True))
    for key, default in values(Settings()).items():
        section, _, name = key.partition(".")
        document["$defs"][SECTIONS[section].__name__]["properties"][name]["default"] = default
    return document


def _written(hint: Any) -> Any:
    return next((item.written for item in getattr(hint, "__metadata__", ()) if isinstance(item, Form)), hint)


def applied(old: Configuration, new: Configuration) -> Configuration:
    """What is in force after a reload of a running daemon: `new` where that can be applied live, else `old`. A value
    that stays is still said to come from where it came from."""
    _, waiting = diff(old.settings, new.settings)

    def merged(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
        return (*(key for key in after if key not in waiting), *(key for key in before if key in waiting))

    settings = _merged(old.settings, new.settings)
    return Configuration(settings, new.path, merged(old.written, new.written), merged(old.given, new.given))


def _merged(old: Settings, new: Settings) -> Settings:
    live: dict[str, dict[str, object]] = {}
    for key in LIVE:
        section, _, name = key.partition(".")
        live.setdefault(section, {})[name] = getattr(getattr(new, section), name)
    sections = {name: msgspec.structs.replace(getattr(old, name), **values) for name, values in live.items()}
    return msgspec.structs.replace(old, **sections)
