"""Where the daemon is: what the user said, or the places where it listens by default, tried in order.

A token found by itself (the one in the user's state directory) goes to this machine only: a URL that was mistyped must
not be sent the key to the daemon.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from torrentd.cli.exits import USAGE, Failed
from torrentd.rpc.client import CannotConnect, Client, Denied, Endpoint, UnixEndpoint, UrlEndpoint, split

SYSTEM_SOCKET = "/run/torrentd/rpc.sock"
HOW_TO_START = "start it with 'twistd --nodaemon torrentd', or as a service with 'systemctl start torrentd'"

_TOKEN_LIMIT = 4096
"""bytes read of a token file: a token has 64 digits, and a wrong file may be endless"""


class Choice(NamedTuple):
    """What the user said about where the daemon is; None where nothing was said."""

    socket: str | None
    url: str | None
    token_file: str | None


def choose(socket: str | None, url: str | None, token_file: str | None, environment: Mapping[str, str]) -> Choice:
    """The options; without any, the environment. Failed if both a socket and a URL are named."""
    token_file = token_file or environment.get("TORRENTCTL_TOKEN_FILE") or None
    if not socket and not url:
        socket = environment.get("TORRENTCTL_SOCKET") or None
        url = environment.get("TORRENTCTL_URL") or None
        if socket and url:
            raise Failed("TORRENTCTL_SOCKET and TORRENTCTL_URL are both set; which one?", USAGE)
    if socket and url:
        raise Failed("--socket and --url exclude each other", USAGE)
    return Choice(socket, url, token_file)


def connect(choice: Choice, timeout: float, environment: Mapping[str, str]) -> Client:
    """A connected client. CannotConnect tells every place that was tried, and how to start the daemon."""
    refusals: list[str] = []
    denied: Denied | None = None
    for endpoint in candidates(choice, environment):
        client = Client(endpoint, timeout)
        try:
            client.connect()
        except CannotConnect as error:
            refusals.append(str(error))
        except Denied as error:
            denied = denied or error
        else:
            return client
    if denied is not None:
        raise denied
    raise CannotConnect(f"cannot reach the daemon ({'; '.join(refusals)}); {HOW_TO_START}")


def candidates(choice: Choice, environment: Mapping[str, str]) -> list[Endpoint]:
    """The endpoints to try, in order."""
    if choice.url:
        return [_by_url(choice.url, choice.token_file, environment)]
    if choice.socket:
        return [UnixEndpoint(choice.socket)]
    return [UnixEndpoint(path) for path in _default_sockets(environment)]


def _default_sockets(environment: Mapping[str, str]) -> list[str]:
    runtime = environment.get("XDG_RUNTIME_DIR")
    places = [f"{runtime}/torrentd/rpc.sock"] if runtime else []
    return [*places, f"{_state_directory(environment)}/rpc.sock", SYSTEM_SOCKET]


def _state_directory(environment: Mapping[str, str]) -> str:
    home = environment.get("XDG_STATE_HOME") or f"{environment.get('HOME', '')}/.local/state"
    return f"{home}/torrentd"


def _by_url(url: str, token_file: str | None, environment: Mapping[str, str]) -> UrlEndpoint:
    try:
        bare = UrlEndpoint(url)
    except ValueError as error:
        raise Failed(str(error), USAGE) from None
    if token_file:
        return UrlEndpoint(url, _read_token(token_file), token_file)
    default = f"{_state_directory(environment)}/token"
    if _is_local(url) and os.path.isfile(default):  # noqa: PTH113  pathlib would be imported for this alone
        return UrlEndpoint(url, _read_token(default), default)
    return bare


def _read_token(path: str) -> str:
    try:
        with open(path, "rb") as file:
            token = file.read(_TOKEN_LIMIT).strip()
    except OSError as error:
        raise Failed(f"{path}: cannot read the token: {error.strerror}", USAGE) from None
    if not token or not all(0x21 <= byte <= 0x7E for byte in token):  # what a header can carry without quoting
        raise Failed(f"{path}: this is no token file", USAGE)
    return token.decode("ascii")


def _is_local(url: str) -> bool:
    import ipaddress

    host = split(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
