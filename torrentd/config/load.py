"""From a file and the command line to checked settings, with every problem found at once.

Each key is converted by itself; one that fails keeps its default while the rest is checked, so that one mistake makes
one problem. What concerns several keys is checked last, on the whole.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct, field

from torrentd.config.checks import check_places, check_together, resolve_paths
from torrentd.config.forms import Form, Several
from torrentd.config.lines import key_lines, syntax_error_line
from torrentd.config.settings import SECTIONS, Settings
from torrentd.model.errors import TorrentdError

LARGEST = 1 << 20
"""Bytes of a configuration file. A device that never ends is none."""


class ConfigError(TorrentdError):
    """The configuration cannot be used. `problems`: one line each, ready to print."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Configuration(Struct, frozen=True):
    """What was loaded, and where from."""

    settings: Settings
    path: Path | None
    """None: built-in defaults"""
    written: tuple[str, ...] = ()
    """dotted keys that the file sets"""
    given: tuple[str, ...] = ()
    """dotted keys that the command line sets; they beat the file"""


def load(
    path: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object] | None = None,
    *,
    probe: bool = False,
) -> Configuration:
    """Read the file (None: built-in defaults) and apply `overrides`, dotted keys from the command line.

    ConfigError holds all problems. `probe`: also those that may be gone by the time the daemon runs, such as a disk
    that is not mounted.
    """
    overrides = overrides or {}
    reading = _Reading(str(path) if path else "built-in defaults")
    written = reading.take(reading.parse(path)) if path else []
    given = reading.take(_nested(overrides), "command line")
    resolve_paths(reading.values, environ, reading.complain)
    check_together(reading.values, reading.complain)
    if probe:
        check_places(reading.values, reading.complain)
    if reading.problems:
        raise ConfigError([text for _, text in sorted(reading.problems, key=lambda problem: problem[0])])
    return Configuration(_build(reading.values), path, tuple(written), tuple(given))


class _Reading(Struct):
    """The values so far (dotted key -> setting), and what is wrong with the rest."""

    label: str
    lines: dict[str, int] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    """where a key comes from, if not from the file"""
    values: dict[str, Any] = field(default_factory=lambda: flatten(Settings()))
    problems: list[tuple[int, str]] = field(default_factory=list)
    """(line, or 0 where there is none; the whole text)"""

    def complain(self, key: str, what: str) -> None:
        source = self.sources.get(key)
        line = self.lines.get(key, 0) if source is None else 0
        where = source or (f"{self.label}:{line}" if line else self.label)
        name = key if key.isprintable() else ascii(key)  # a quoted key may hold anything
        self.problems.append((line, f"{where}: {name}: {what}"))

    def parse(self, path: Path) -> dict[str, Any]:
        """The file's tables; an unreadable file is the only problem there is."""
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
            if len(data) > LARGEST:
                raise ConfigError([f"{path}: is larger than {LARGEST} bytes"])
            text = data.decode("utf-8")
        except OSError as error:
            raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise ConfigError([f"{path}:{line}: is not UTF-8 text"]) from None
        try:
            tables = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            at = syntax_error_line(str(error), text)
            raise ConfigError([f"{path}:{at}: {error}" if at else f"{path}: {error}"]) from None
        self.lines = key_lines(text)
        return tables

    def take(self, tables: Mapping[str, Any], source: str | None = None) -> list[str]:
        """Convert every key of these tables; the known keys that were there. `source`: if it is not the file."""
        found = []
        if source:
            self.sources |= {f"{section}.{name}": source for section, table in tables.items() for name in table}
        for section, table in tables.items():
            if section not in SECTIONS:
                self.complain(section, "there is no such section" + _did_you_mean(section, list(SECTIONS)))
            elif not isinstance(table, dict):
                self.complain(section, f"is a section; write [{section}] on a line of its own")
            else:
                found += [key for name, value in table.items() if (key := self._take_key(section, name, value))]
        return found

    def _take_key(self, section: str, name: str, value: object) -> str:
        key = f"{section}.{name}"
        if key not in self.values:
            self.complain(key, "unknown" + _did_you_mean(key, list(self.values)))
            return ""
        try:
            self.values[key] = convert(value, _HINTS[key])
        except Several as error:
            for problem in error.problems:
                self.complain(key, problem)
        except ValueError as error:
            self.complain(key, str(error))
        return key


def convert(value: object, hint: Any) -> object:
    """A value of the file as a setting. ValueError says what is wrong."""
    if get_origin(hint) is Literal and value not in get_args(hint):
        choices = ", ".join(f'"{choice}"' for choice in get_args(hint))
        raise ValueError(f"{_shown(value)} is none of {choices}{_did_you_mean(value, get_args(hint))}")
    form = next((item for item in getattr(hint, "__metadata__", ()) if isinstance(item, Form)), None)
    try:
        if form is None:
            return msgspec.convert(value, hint)
        return form.read(msgspec.convert(value, form.written))
    except msgspec.ValidationError as error:
        raise ValueError(f"{_shown(value)}: {str(error).replace('Expected', 'expected', 1)}") from None


def convert_key(key: str, value: object) -> object:
    """A value of a known key. ValueError says what is wrong."""
    return convert(value, _HINTS[key])


def flatten(settings: Settings) -> dict[str, Any]:
    """Dotted key -> setting, in the order of the example file."""
    return {
        f"{section}.{name}": getattr(getattr(settings, section), name)
        for section, struct in SECTIONS.items()
        for name in struct.__struct_fields__
    }


def _build(values: Mapping[str, Any]) -> Settings:
    return Settings(
        **{
            section: struct(**{name: values[f"{section}.{name}"] for name in struct.__struct_fields__})
            for section, struct in SECTIONS.items()
        }  # type: ignore[arg-type]
    )


def _nested(overrides: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Tables as the file has them. A path on the command line may be relative to the working directory."""
    tables: dict[str, dict[str, object]] = {}
    for key, value in overrides.items():
        if key.startswith("paths.") and isinstance(value, str) and value and not value.startswith("~"):
            value = str(Path(value).absolute())
        section, _, name = key.partition(".")
        tables.setdefault(section, {})[name] = value
    return tables


def _did_you_mean(word: object, known: Any) -> str:
    """The nearest known word; for a dotted key also one of the same name in another section."""
    candidates = list(known)
    close = difflib.get_close_matches(str(word), candidates, n=1)
    name = str(word).rpartition(".")[2]
    close += [key for key in candidates if key.rpartition(".")[2] == name]
    return f"; did you mean {close[0]}?" if close else ""


def _shown(value: object) -> str:
    """Nearly as it stands in the file."""
    return json.dumps(value, default=str)


_HINTS = {
    f"{section}.{name}": hint
    for section, struct in SECTIONS.items()
    for name, hint in get_type_hints(struct, include_extras=True).items()
}
