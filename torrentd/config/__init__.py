"""TOML to typed, frozen settings. Every default lives in `settings`; nothing here is changed at run time.

- `settings`  one Struct per section, one field per key
- `forms`     how a value in the file becomes a setting
- `load`      reads the file, checks everything, reports all problems at once
- `places`    where the file, the state and the socket are looked for
- `lines`     which line of the file a key stands on
- `describe`  the settings as plain values, as JSON Schema, and what differs between two of them
"""

from torrentd.config.describe import applied, diff, features_not_there_yet, schema, values
from torrentd.config.load import ConfigError, Configuration, load
from torrentd.config.places import find, runtime_dir, state_dir
from torrentd.config.settings import Settings

__all__ = [
    "ConfigError",
    "Configuration",
    "Settings",
    "applied",
    "diff",
    "features_not_there_yet",
    "find",
    "load",
    "runtime_dir",
    "schema",
    "state_dir",
    "values",
]
