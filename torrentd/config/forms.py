"""How a value in the file becomes a setting, where the two have different types.

A field of `settings` says it in its annotation: `Annotated[int, Form(written=int | str, read=...)]`. The value is
first converted to `written` (the type that the JSON Schema shows), then read. `read` raises ValueError with words that
fit after "KEY: ", or Several of them for a list.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from torrentd.model.address import Address, parse_address
from torrentd.model.sizes import LARGEST, parse_size
from torrentd.policy.schedule import parse_window
from torrentd.wire.portmap.messages import GATEWAY_PORT

OFF = "off"

# what Linux takes: at most 15 bytes, no "/", ":" or white space, not "." or ".."; what has digits and dots only is an
# IP address with a mistake in it
_INTERFACE = re.compile(r"(?![0-9]*\.[0-9.]*$)[!-.0-9;-~]{1,15}")

LEAST_REFRESH = 60
"""Seconds: those who publish lists ban who asks all the time."""
MOST_REFRESH = 31_536_000

_LABEL = r"[a-z0-9_][a-z0-9_-]{0,62}"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*\.?", re.IGNORECASE)

T = TypeVar("T")


class Several(ValueError):
    """More than one thing may be wrong with a list: `problems` has words for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Form(Struct, frozen=True):
    """The type in the file, and how it is read."""

    written: Any
    read: Callable[[Any], object]


def size(minimum: int = 0, maximum: int = LARGEST) -> Form:
    """An integer or words such as "64 MiB" (see model.sizes), between two bounds in bytes."""

    def read(value: int | str) -> int:
        number = parse_size(value) if isinstance(value, str) else value
        if number < minimum:
            raise ValueError(f"{value!r} is less than {minimum} bytes")
        if number > maximum:
            raise ValueError(f"{value!r} is more than {maximum} bytes")
        return number

    return Form(int | str, read)


def _addresses(texts: list[str]) -> tuple[Address, ...]:
    found = _read_all(parse_address, texts)
    if not found:
        raise ValueError("needs at least one address")
    for index, address in enumerate(found):
        if address.port and address in found[:index]:
            raise ValueError(f"{address} is there twice")
    return found


def _address_or_off(text: str) -> Address | None:
    return None if text == OFF else parse_address(text)


def _source(text: str) -> str:
    """An IP address, or the name of a network interface; empty: the system chooses."""
    try:
        return str(ipaddress.ip_address(text)) if text else ""
    except ValueError:
        if _INTERFACE.fullmatch(text):
            return text
    raise ValueError(f"{text!r} is neither an IP address nor the name of an interface")


def _gateway(text: str) -> str:
    """A router's IP address, with a port if it is not the usual one; empty: to be found."""
    if not text:
        return ""
    try:
        return str(Address(str(ipaddress.ip_address(text)), GATEWAY_PORT))
    except ValueError:
        address = parse_address(text)
    if not address.port:
        raise ValueError(f"{text!r}: the port must be 1 to 65535")
    return str(address)


def _host_and_port(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if host.startswith("[") or ":" in host:
        return str(parse_address(text))
    if not colon or not _HOST_NAME.fullmatch(host):
        raise ValueError(f"{text!r} is not HOST:PORT")
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
        raise ValueError(f"{text!r}: the port must be 1 to 65535")
    return text


def _host_name(text: str) -> str:
    if not _HOST_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a host name (without scheme and port)")
    return text.lower()


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError(str(error)) from None


def _window(text: str) -> str:
    """Of a weekly schedule; it stays as it was written."""
    parse_window(text)
    return text


def _each(read: Callable[[str], str]) -> Form:
    return Form(list[str], lambda texts: _read_all(read, texts))


def _read_all(read: Callable[[str], T], texts: Sequence[str]) -> tuple[T, ...]:
    """Each text read; Several if any cannot be."""
    found, problems = [], []
    for text in texts:
        try:
            found.append(read(text))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise Several(problems)
    return tuple(found)


def _socket_path(text: str) -> str | None:
    return None if text == OFF else text


def _source_of_list(text: str) -> str:
    """A URL or a path; empty: none. What is wrong with it is told without it: there may be a password in it."""
    scheme, colon, rest = text.partition("://")
    if colon and scheme.isalpha():
        if scheme.lower() not in ("http", "https") or not rest:
            raise ValueError(f"{scheme!r}: only http and https can be fetched")
    elif text and not text.startswith(("/", "~")):
        raise ValueError("it is neither a URL nor a path that begins with / or ~/")
    return text


def _refresh(seconds: int) -> int:
    if seconds and not LEAST_REFRESH <= seconds <= MOST_REFRESH:
        raise ValueError(f"{seconds}: must be 0, or {LEAST_REFRESH} to {MOST_REFRESH} seconds")
    return seconds


def _argv(words: list[str]) -> tuple[str, ...]:
    """A program by its whole path, and its arguments; empty: none."""
    if words and not words[0].startswith("/"):
        raise ValueError("a program is named by its whole path, which begins with /")
    if any("\0" in word for word in words):
        raise ValueError("an argument holds no NUL")
    return tuple(words)


ADDRESSES = Form(list[str], _addresses)
ADDRESS_OR_OFF = Form(str, _address_or_off)
SOURCE = Form(str, _source)
GATEWAY = Form(str, _gateway)
HOSTS_AND_PORTS = _each(_host_and_port)
HOST_NAMES = _each(_host_name)
NETWORKS = _each(_network)
SOURCE_OF_LIST = Form(str, _source_of_list)
REFRESH = Form(int, _refresh)
ARGV = Form(list[str], _argv)
WINDOWS = _each(_window)
SOCKET_PATH = Form(str, _socket_path)


def plain(setting: object) -> object:
    """A setting as the file would write it."""
    if setting is None:
        return OFF
    if isinstance(setting, Address):
        return str(setting)
    if isinstance(setting, tuple):
        return [plain(item) for item in setting]
    return setting
