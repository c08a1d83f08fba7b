"""Keys that are set while the daemon runs: they beat the file until they are taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from torrentd.config.describe import LIVE
from torrentd.config.load import ConfigError, convert_key, flatten
from torrentd.config.settings import Settings

SETTABLE = LIVE - {"blocklist.source", "log.format", "log.level"}
"""What a reload applies can be set, but for a path, which no caller may name, and for the log, whose levels
`daemon.set_log_level` changes."""


def overridden(settings: Settings, values: Mapping[str, object]) -> Settings:
    """The settings with these values, written as in the file, in place of their own. ConfigError names every key that
    is unknown, cannot be set while the daemon runs, or has a value that it cannot have. None: no value."""
    problems, tables = [], dict[str, dict[str, Any]]()
    known = flatten(settings)
    for key, value in values.items():
        name = key if key.isprintable() else ascii(key)
        if key not in known:
            problems.append(f"{name}: unknown")
        elif key not in SETTABLE:
            applying = "reload" if key in LIVE else "restart"
            problems.append(f"{name}: cannot be set while the daemon runs; the file can, with a {applying}")
        elif value is not None:
            section, _, field = key.partition(".")
            try:
                tables.setdefault(section, {})[field] = convert_key(key, value)
            except ValueError as error:
                problems.append(f"{name}: {error}")
    if problems:
        raise ConfigError(problems)
    changed = {
        section: msgspec.structs.replace(getattr(settings, section), **table) for section, table in tables.items()
    }
    return msgspec.structs.replace(settings, **changed)
