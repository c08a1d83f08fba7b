from __future__ import annotations

import pytest

from torrentd.model.errors import MetainfoError
from torrentd.wire import bencode
from torrentd.wire.bencode import METAINFO_V2
from torrentd.wire.file_tree import file_tree

PIECE = 2**14
ROOT = b"r" * 32


def leaf(size: int = 1, **facts: object) -> dict[str, object]:
    return {"": {"length": size, "pieces root": ROOT, **facts}}


def read(tree: object, name: str = "top"):
    return file_tree(bencode.decode(bencode.encode(tree), METAINFO_V2), name, PIECE)


def test_files_come_in_the_order_of_the_keys_at_piece_boundaries():
    files = read({"b": leaf(PIECE + 1), "a": {"z": leaf(0), "c": leaf(PIECE, attr="x")}, "d": leaf(5)})
    assert [("/".join(file.path), file.size, file.offset, file.executable) for file in files] == [
        ("top/a/c", PIECE, 0, True),
        ("top/a/z", 0, PIECE, False),
        ("top/b", PIECE + 1, PIECE, False),
        ("top/d", 5, 3 * PIECE, False),
    ]


def test_one_file_called_like_the_torrent_has_no_folder():
    assert [file.path for file in read({"top": leaf()})] == [("top",)]
    assert [file.path for file in read({"other": leaf()})] == [("top", "other")]


def test_names_are_made_safe_and_unique():
    assert [file.path for file in read({"..": {"x\n": leaf()}, "A": leaf(), "a": leaf()})] == [
        ("top", "x_"),
        ("top", "A"),
        ("top", "a.1"),
    ]


def test_an_empty_file_needs_no_root():
    assert read({"a": {"": {"length": 0}}, "b": leaf()})[0].size == 0


@pytest.mark.parametrize(
    "tree",
    [
        5,
        [],
        {"a": 5},
        {"a": []},
        {"a": {"": 5}},
        {"a": {"": {}}},
        {"a": {"": {"length": 5}}},
        {"a": {"": {"length": 5, "pieces root": b"short"}}},
        {"a": {"": {"length": 5, "pieces root": 5}}},
        {"a": leaf(-1)},
        {"a": leaf(2**48)},
        {"a": {"": {"length": b"5", "pieces root": ROOT}}},
        {"a": {**leaf(), "b": leaf()}},
        {"..": leaf()},
    ],
)
def test_malformed_trees(tree):
    with pytest.raises(MetainfoError):
        read(tree)


def test_a_symbolic_link():
    link = {"": {"attr": "l", "symlink path": ["sub", "x"]}}
    assert read({"link": link, "sub": {"x": leaf()}})[0].symlink == ("top", "sub", "x")
    for facts in ({"symlink path": ["..", "x"]}, {}, {"symlink path": ["x"], "length": 5}):
        with pytest.raises(MetainfoError, match="file 0"):
            read({"link": {"": {"attr": "l", **facts}}, "x": leaf()})


def test_no_tree_at_all():
    with pytest.raises(MetainfoError, match="file tree"):
        file_tree(None, "top", PIECE)


def test_unsorted_names():
    tree = bencode.decode(b"d1:b" + bencode.encode(leaf()) + b"1:a" + bencode.encode(leaf()) + b"e", METAINFO_V2)
    with pytest.raises(MetainfoError, match="sorted"):
        file_tree(tree, "top", PIECE)


def test_depth():
    def nested(depth: int) -> dict[str, object]:
        tree = leaf()
        for _ in range(depth):
            tree = {"d": tree}
        return tree

    assert len(read(nested(64))[0].path) == 65
    with pytest.raises(MetainfoError, match="deeper"):
        read(nested(65))
