"""Where things are looked for: the configuration file, the state directory, the runtime directory.

Directories that systemd hands over (`CONFIGURATION_DIRECTORY` and its kin) may be lists separated by colons; the first
is ours. As the XDG specification says, its variables count only when they hold an absolute path.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

FILE_NAME = "config.toml"
SYSTEM_FILE = Path("/etc/torrentd") / FILE_NAME
NAME = "torrentd"


def find(environ: Mapping[str, str], config_option: str | None) -> Path | None:
    """The configuration file to read; None: built-in defaults.

    A file that was named (by the option or by TORRENTD_CONFIG) is returned whether it exists or not: a mistyped name
    must not mean the defaults. The usual places count only if there is something.
    """
    named = config_option or environ.get("TORRENTD_CONFIG")
    if named:
        return Path(named).absolute()
    return next((place for place in _usual(environ) if os.path.lexists(place)), None)


def _usual(environ: Mapping[str, str]) -> list[Path]:
    places = [SYSTEM_FILE]
    base = _xdg(environ, "XDG_CONFIG_HOME", ".config")
    if base:
        places.insert(0, base / NAME / FILE_NAME)
    configured = _first(environ, "CONFIGURATION_DIRECTORY")
    if configured:
        places.insert(0, configured / FILE_NAME)
    return places


def state_dir(environ: Mapping[str, str]) -> str:
    """Where the state goes when neither option nor file says it. ValueError when there is no home directory."""
    given = _first(environ, "STATE_DIRECTORY")
    if given:
        return str(given)
    base = _xdg(environ, "XDG_STATE_HOME", ".local/state")
    if base is None:
        raise ValueError("there is no home directory: set HOME, or say where")
    return str(base / NAME)


def runtime_dir(environ: Mapping[str, str], state_dir: str) -> str:
    """Where the RPC socket goes."""
    given = _first(environ, "RUNTIME_DIRECTORY")
    if given:
        return str(given)
    session = environ.get("XDG_RUNTIME_DIR", "")
    return f"{session}/{NAME}" if session.startswith("/") else state_dir


def absolute(text: str, environ: Mapping[str, str]) -> str:
    """An absolute path from one that may begin with `~` or `~user`. ValueError for anything else."""
    if "\0" in text:
        raise ValueError("a path holds no NUL")
    if text == "~" or text.startswith("~/"):
        home = _home(environ)
        if home is None:
            raise ValueError(f"{text}: there is no home directory: set HOME, or write the whole path")
        text = home + text[1:]
    elif text.startswith("~"):
        with suppress(RuntimeError):  # no such user: the path stays relative, and is refused as such
            text = str(Path(text).expanduser())
    if not text.startswith("/"):
        raise ValueError(f"{text!r} must be absolute or begin with ~/")
    return os.path.normpath(text)


def _home(environ: Mapping[str, str]) -> str | None:
    home = environ.get("HOME", "")
    if home.startswith("/"):
        return home
    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:  # a user that has no entry, as in many containers
        return None


def _xdg(environ: Mapping[str, str], variable: str, default: str) -> Path | None:
    base = environ.get(variable, "")
    if base.startswith("/"):
        return Path(base)
    home = _home(environ)
    return Path(home) / default if home else None


def _first(environ: Mapping[str, str], variable: str) -> Path | None:
    first = environ.get(variable, "").partition(":")[0]
    return Path(first) if first.startswith("/") else None
