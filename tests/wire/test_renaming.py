"""Other names: what changes, and what cannot be."""

from __future__ import annotations

import pytest

from tests.session.world import Sample
from torrentd.model.layout import FileEntry, Layout
from torrentd.wire.metainfo import parse
from torrentd.wire.renaming import new_names, rename, renamed

LAYOUT = Layout(
    (FileEntry(("t", "a"), 1, 0), FileEntry(("t", "sub", "b"), 1, 1), FileEntry(("t", "sub", "deep", "c"), 1, 2))
)


def test_a_file_and_a_folder() -> None:
    assert new_names(LAYOUT, ("t", "a"), "z") == {0: ("t", "z")}
    assert new_names(LAYOUT, ("t", "sub"), "z") == {1: ("t", "z", "b"), 2: ("t", "z", "deep", "c")}
    assert new_names(LAYOUT, ("t",), "z")[0] == ("z", "a")
    assert new_names(LAYOUT, ("t", "a"), "a") == {}
    assert new_names(LAYOUT, ("t", "a"), "A") == {0: ("t", "A")}


@pytest.mark.parametrize("path", [(), ("",), ("t", ""), ("x",), ("t", "b"), ("t", "a", "x"), ("..",), ("t", "..", "t")])
def test_what_is_not_there(path: tuple[str, ...]) -> None:
    with pytest.raises(LookupError):
        new_names(LAYOUT, path, "z")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/", "../x", "a\\b", "a\0", "a\n", "\u202e", "x" * 256, "\udc80", "\ud800"]
)
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ValueError, match="one component"):
        new_names(LAYOUT, ("t", "a"), name)


@pytest.mark.parametrize("name", ["sub", "SUB"])
def test_names_that_are_taken(name: str) -> None:
    with pytest.raises(ValueError, match="another file"):
        new_names(LAYOUT, ("t", "a"), name)
    with pytest.raises(ValueError, match="another file"):
        new_names(LAYOUT, ("t", "sub"), "a")


def test_case_matters_to_some_disks() -> None:
    with pytest.raises(ValueError, match="another file"):
        new_names(Layout((FileEntry(("t", "S", "a"), 1, 0), FileEntry(("t", "s", "b"), 1, 1))), ("t", "S", "a"), "B")


def test_what_comes_of_it() -> None:
    metainfo = parse(Sample("t").metainfo)
    result = rename(metainfo, ("t", "sub"), "z")
    assert (result.names, result.old_names) == ({1: ("t", "z", "b.txt")}, {1: ("t", "sub", "b.txt")})
    assert result.metainfo == renamed(metainfo, result.names)
    with pytest.raises(LookupError):
        rename(metainfo, ("x",), "z")


def test_the_metainfo() -> None:
    metainfo = parse(Sample("t").metainfo)
    assert renamed(metainfo, {}) is metainfo
    other = renamed(metainfo, {1: ("t", "x")})
    assert ([entry.path for entry in other.layout.files], other.name) == ([("t", "a.bin"), ("t", "x")], "t")
    assert renamed(metainfo, {0: ("z", "a.bin"), 1: ("z", "sub", "b.txt")}).name == "z"
    for number in (-1, 3):
        with pytest.raises(ValueError, match="does not have"):
            renamed(metainfo, {number: ("x",)})
