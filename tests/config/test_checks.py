"""Checks on the whole, at their edges."""

from __future__ import annotations

import grp
from pathlib import Path
from typing import Any

import pytest

from torrentd.config import places
from torrentd.config.checks import MAX_SOCKET_PATH, check_places, check_together, resolve_paths
from torrentd.config.load import flatten
from torrentd.config.settings import Settings


def complaints(**changes: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    values = {**flatten(Settings()), **{key.replace("__", "."): value for key, value in changes.items()}}
    resolve_paths(values, {"HOME": "/home/u"}, lambda key, what: found.append((key, what)))
    check_together(values, lambda key, what: found.append((key, what)))
    return found


def test_the_defaults_are_fine() -> None:
    assert complaints() == []


@pytest.mark.parametrize(("letter", "bytes_each"), [("x", 1), ("é", 2)])
def test_a_socket_path_is_measured_in_bytes(letter: str, bytes_each: int) -> None:
    fits = "/" + letter * ((MAX_SOCKET_PATH - 1) // bytes_each)
    assert complaints(rpc__unix=fits) == []
    assert [key for key, _ in complaints(rpc__unix=fits + letter)] == ["rpc.unix"]


def test_a_group_that_exists_is_fine() -> None:
    assert complaints(rpc__unix_group=grp.getgrgid(0).gr_name) == []


def test_without_a_home_the_directories_must_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(places.pwd, "getpwuid", nobody)
    found: list[str] = []
    resolve_paths(flatten(Settings()), {}, lambda key, what: found.append(key))
    assert found == ["paths.state_dir", "paths.download_dir"]


def test_half_of_tls_is_named_by_the_missing_half(tmp_path: Path) -> None:
    pem = tmp_path / "pem"
    pem.touch()
    assert [key for key, _ in complaints(rpc__tls_key=str(pem))] == ["rpc.tls_certificate"]
    assert [key for key, _ in complaints(rpc__tls_certificate=str(pem))] == ["rpc.tls_key"]


def test_tls_files_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    assert complaints(rpc__tls_key=str(missing), rpc__tls_certificate=str(tmp_path)) == [
        ("rpc.tls_certificate", f"{tmp_path}: is not a file"),
        ("rpc.tls_key", f"{missing}: no such file or directory"),
    ]


def probed(download_dir: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    check_places({"paths.download_dir": download_dir}, lambda key, what: found.append((key, what)))
    return found


def test_downloads_must_have_a_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert probed(str(tmp_path / "new" / "folder")) == []
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    for place, below in ((f"{tmp_path}/file", ""), (f"{tmp_path}/file", "/below"), ("/proc", "/nowhere")):
        ((key, what),) = probed(place + below)
        assert key == "paths.download_dir"
        assert what.startswith(f"{place}: cannot be written: ")
