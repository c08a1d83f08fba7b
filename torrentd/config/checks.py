"""What no single key shows: paths that depend on the environment, files that must be there, and keys that must fit each
other."""

from __future__ import annotations

import grp
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torrentd.config import places
from torrentd.model.address import Scope, scope

MAX_SOCKET_PATH = 107
"""bytes; the kernel's sun_path has 108 with the NUL"""

SOCKET_NAME = "rpc.sock"

Complain = Callable[[str, str], None]
"""`complain(key, what is wrong)`"""


def resolve_paths(values: dict[str, Any], environ: Mapping[str, str], complain: Complain) -> None:
    """Make every path absolute, in place."""
    if not values["paths.state_dir"]:
        try:
            values["paths.state_dir"] = places.state_dir(environ)
        except ValueError as error:
            complain("paths.state_dir", str(error))
    for key in (
        "paths.state_dir",
        "paths.download_dir",
        "rpc.tls_certificate",
        "rpc.tls_key",
        "rpc.unix",
        "watch.dir",
        "web.folder",
    ):
        if values[key]:
            values[key] = _absolute(key, values[key], environ, complain)
    source = values["blocklist.source"]
    if source and "://" not in source:
        values["blocklist.source"] = _absolute("blocklist.source", source, environ, complain)
    if not values["paths.download_dir"]:
        complain("paths.download_dir", "must not be empty")
    values["paths.allowed_roots"] = tuple(
        _absolute("paths.allowed_roots", root, environ, complain) for root in values["paths.allowed_roots"]
    )
    if values["rpc.unix"] == "":
        values["rpc.unix"] = f"{places.runtime_dir(environ, values['paths.state_dir'])}/{SOCKET_NAME}"


def _absolute(key: str, text: str, environ: Mapping[str, str], complain: Complain) -> str:
    try:
        return places.absolute(text, environ)
    except ValueError as error:
        complain(key, str(error))
        return text


def check_together(values: Mapping[str, Any], complain: Complain) -> None:
    """Everything that is left when each key is right by itself."""
    _check_socket(values, complain)
    _check_tcp(values, complain)
    _check_web(values, complain)


def _check_socket(values: Mapping[str, Any], complain: Complain) -> None:
    path = values["rpc.unix"]
    if path is not None and len(os.fsencode(path)) > MAX_SOCKET_PATH:
        complain("rpc.unix", f"{path} is longer than the {MAX_SOCKET_PATH} bytes that a socket's path may have")
    group = values["rpc.unix_group"]
    if group:
        try:
            grp.getgrnam(group)
        except (KeyError, ValueError):
            complain("rpc.unix_group", f"this machine has no group {group!r}")


def _check_tcp(values: Mapping[str, Any], complain: Complain) -> None:
    certificate, key = values["rpc.tls_certificate"], values["rpc.tls_key"]
    if bool(certificate) != bool(key):
        present, missing = (
            ("rpc.tls_certificate", "rpc.tls_key") if certificate else ("rpc.tls_key", "rpc.tls_certificate")
        )
        complain(missing, f"is needed together with {present}")
    for name in ("rpc.tls_certificate", "rpc.tls_key"):
        if _is_resolved(values[name]):
            _check_file(name, values[name], complain)
    tcp = values["rpc.tcp"]
    if tcp is None or scope(tcp.host) is Scope.LOOPBACK or certificate or key or values["rpc.trusted_proxies"]:
        return
    complain("rpc.tcp", f"{tcp} is not loopback: it needs rpc.tls_certificate and rpc.tls_key, or rpc.trusted_proxies")


def _check_web(values: Mapping[str, Any], complain: Complain) -> None:
    folder = values["web.folder"]
    if _is_resolved(folder) and not Path(folder).is_dir():
        complain("web.folder", f"{folder}: is not a folder")


def _is_resolved(path: str) -> bool:
    """Whether it is there and `resolve_paths` had nothing to complain about it."""
    return path.startswith("/") and "\0" not in path


def _check_file(key: str, path: str, complain: Complain) -> None:
    try:
        if Path(path).exists() and not Path(path).is_file():
            complain(key, f"{path}: is not a file")
            return
        Path(path).open("rb").close()
    except OSError as error:
        complain(key, f"{path}: {_words(error)}")


def check_places(values: Mapping[str, Any], complain: Complain) -> None:
    """Whether downloads can be written at all. A start only tells: torrents wait for a disk that comes later."""
    path = values["paths.download_dir"]
    problem = unwritable(path) if _is_resolved(path) else None
    if problem is not None:
        complain("paths.download_dir", problem)


def unwritable(path: str) -> str | None:
    """Why nothing can be written in the directory, or where it would be made; None if it can. May hang with its
    disk."""
    place = Path(path)
    try:
        while not os.path.lexists(place):
            place = place.parent
        with tempfile.TemporaryFile(dir=place):  # has no name: nothing is left behind, and root learns the truth, too
            pass
    except OSError as error:
        return f"{place}: cannot be written: {_words(error)}"
    return None


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
