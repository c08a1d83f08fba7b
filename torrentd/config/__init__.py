"""TOML to typed, frozen settings. Every default lives in `settings`.

- `settings`  one Struct per section, one field per key
- `forms`     how a value in the file becomes a setting
- `load`      reads the file, checks everything, reports all problems at once
- `places`    where the file, the state and the socket are looked for
- `lines`     which line of the file a key stands on
- `describe`  the settings as plain values, as JSON Schema, and what differs between two of them
- `runtime`   what is set while the daemon runs, in place of what the file says
"""

from torrentd.config.checks import unwritable
from torrentd.config.describe import applied, diff, features_not_there_yet, schema, values
from torrentd.config.load import ConfigError, Configuration, convert_key, load
from torrentd.config.places import find, runtime_dir, state_dir
from torrentd.config.runtime import overridden
from torrentd.config.settings import Settings

__all__ = [
    "ConfigError",
    "Configuration",
    "Settings",
    "applied",
    "convert_key",
    "diff",
    "features_not_there_yet",
    "find",
    "load",
    "overridden",
    "runtime_dir",
    "schema",
    "state_dir",
    "unwritable",
    "values",
]
