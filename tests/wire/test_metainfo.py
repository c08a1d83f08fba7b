"""Torrents of all kinds, made with the encoder and by libtorrent; and all that SAFETY refuses."""

from __future__ import annotations

import contextlib
from hashlib import sha1, sha256

import libtorrent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.errors import MetainfoError
from torrentd.wire import bencode
from torrentd.wire.metainfo import MAX_LENGTH, MAX_PIECE_SIZE, MAX_PIECES, Metainfo, assemble, parse

PIECE = 2**15


def single(**changes: object) -> dict[str, object]:
    """An info dictionary of one file with two pieces; None removes a key, `_` stands for a space."""
    info = {"length": 40_000, "name": "file.bin", "piece length": PIECE, "pieces": b"h" * 40}
    info |= {key.replace("_", " "): value for key, value in changes.items()}
    return {key: value for key, value in info.items() if value is not None}


def multi(*files: dict[str, object], **changes: object) -> dict[str, object]:
    total = sum(file["length"] for file in files if isinstance(file.get("length"), int))
    hashes = b"h" * 20 * -(-total // PIECE)
    return single(length=None, files=list(files), name="folder", pieces=hashes) | changes


def file(path: str, length: object = 100, **more: object) -> dict[str, object]:
    return {"path": path.split("/"), "length": length, **{key.replace("_", " "): more[key] for key in more}}


def torrent(info: dict[str, object], root: dict[str, object] | None = None) -> bytes:
    return bencode.encode({**(root or {}), "info": info})


def paths(metainfo: Metainfo) -> list[str]:
    return ["/".join(entry.path) for entry in metainfo.layout.files]


class TestSingleFile:
    def test_what_it_says(self):
        info = single()
        metainfo = parse(torrent(info))
        raw = bencode.encode(info)
        assert metainfo.info == raw
        assert metainfo.info_hash == metainfo.hash_v1 == sha1(raw).digest()
        assert metainfo.hash_v2 is None
        assert not metainfo.v2_only
        assert not metainfo.multi_file
        assert not metainfo.private
        assert metainfo.name == "file.bin"
        assert paths(metainfo) == ["file.bin"]
        assert (metainfo.geometry.size, metainfo.geometry.piece_size, metainfo.geometry.piece_count) == (
            40_000,
            PIECE,
            2,
        )
        assert metainfo.layout.size == metainfo.size == 40_000
        assert metainfo.hashes == b"h" * 40

    def test_the_hash_is_of_the_bytes_as_they_came(self):
        info = bencode.encode(single())
        unsorted = b"d1:zi1e" + info[1:]
        data = b"d7:comment4:info4:info" + unsorted + b"e"
        assert parse(data).info_hash == sha1(unsorted).digest()

    def test_attributes(self):
        assert parse(torrent(single(attr="x"))).layout.files[0].executable
        assert not parse(torrent(single(attr=5))).layout.files[0].executable


class TestFiles:
    def test_offsets_follow_each_other(self):
        metainfo = parse(torrent(multi(file("a", 10), file("sub/b", 0), file("c", 100_000))))
        assert metainfo.multi_file
        assert paths(metainfo) == ["folder/a", "folder/sub/b", "folder/c"]
        assert [(entry.offset, entry.size) for entry in metainfo.layout.files] == [(0, 10), (10, 0), (10, 100_000)]
        assert metainfo.layout.size == metainfo.geometry.size == 100_010

    def test_one_file_in_a_list_is_still_a_folder(self):
        metainfo = parse(torrent(multi(file("a"))))
        assert metainfo.multi_file
        assert paths(metainfo) == ["folder/a"]

    def test_padding_and_executable(self):
        pad = file(".pad/28", 28, attr="p")
        metainfo = parse(torrent(multi(file("a", attr="x"), pad, file("b", attr="hx"), pad)))
        assert [entry.padding for entry in metainfo.layout.files] == [False, True, False, True]
        assert [entry.executable for entry in metainfo.layout.files] == [True, False, True, False]
        assert len(set(paths(metainfo))) == 4

    def test_names_are_made_safe_and_unique(self):
        metainfo = parse(torrent(multi(file("../../etc/x"), file("a\x1b"), file("A_"), file("etc")) | {"name": "a/b"}))
        assert paths(metainfo) == ["a_b/etc/x", "a_b/a_", "a_b/A_.1", "a_b/etc.1"]

    def test_names_in_utf8_are_preferred(self):
        entry = {"length": 5, "path": [b"\xff"], "path.utf-8": ["\u00fc"]}
        metainfo = parse(torrent(multi(entry, **{"name.utf-8": "\u00e4"})))
        assert paths(metainfo) == ["\u00e4/\u00fc"]

    def test_a_symbolic_link(self):
        link = file("link", 0, attr="l", symlink_path=["sub", "target"])
        metainfo = parse(torrent(multi(file("sub/target"), link, file("no"))))
        assert [entry.symlink for entry in metainfo.layout.files] == [None, ("folder", "sub", "target"), None]
        del link["length"]
        assert parse(torrent(multi(file("sub/target"), link))).layout.files[1].size == 0

    @pytest.mark.parametrize("target", [None, "x", [], [".."], ["..", "x"], ["a", "..", "..", "x"], ["."], [""], [5]])
    def test_a_link_out_of_the_torrent(self, target):
        entry = file("link", 0, attr="l")
        if target is not None:
            entry["symlink path"] = target
        with pytest.raises(MetainfoError, match="file 1"):
            parse(torrent(multi(file("a"), entry)))

    @pytest.mark.parametrize(
        "entry",
        [
            5,
            [],
            {},
            {"length": 5},
            {"path": ["a"]},
            file("a", -1),
            file("a", b"5"),
            file("a", 2**48),
            {"path": "a", "length": 5},
            {"path": [], "length": 5},
            {"path": [""], "length": 5},
            {"path": ["", ".."], "length": 5},
            {"path": ["a", 5], "length": 5},
            {"path": ["a"] * 65, "length": 5},
            {"path": ["a"], "path.utf-8": 5, "length": 5},
            file("a", 5, attr="l", symlink_path=["good"]),
        ],
    )
    def test_an_entry_that_is_none(self, entry):
        info = multi(file("good"))
        info["files"] = [file("good"), entry]
        with pytest.raises(MetainfoError, match="file 1"):
            parse(torrent(info))

    @pytest.mark.parametrize("files", [5, b"", {}, []])
    def test_a_list_that_is_none(self, files):
        with pytest.raises(MetainfoError, match="files"):
            parse(torrent(single(length=None, files=files)))

    def test_too_many_duplicate_names(self):
        parse(torrent(multi(*[file("same")] * 501)))
        with pytest.raises(MetainfoError, match="500"):
            parse(torrent(multi(*[file("same")] * 502)))


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "word"),
        [
            ({"name": None}, "name"),
            ({"name": 5}, "name"),
            ({"name": ""}, "name"),
            ({"name": ".."}, "name"),
            ({"length": None}, "length"),
            ({"length": -1}, "length"),
            ({"length": b"x"}, "length"),
            ({"length": 2**48}, "length"),
            ({"length": 0, "pieces": b""}, "0 bytes"),
            ({"pieces": None}, "pieces"),
            ({"pieces": []}, "pieces"),
            ({"pieces": b"h" * 20}, "pieces"),
            ({"pieces": b"h" * 39}, "pieces"),
            ({"pieces": b"h" * 60}, "pieces"),
            ({"piece_length": None}, "piece length"),
            ({"piece_length": 0}, "piece length"),
            ({"piece_length": -1}, "piece length"),
            ({"piece_length": b"1"}, "piece length"),
            ({"piece_length": MAX_PIECE_SIZE + 1}, "piece length"),
            ({"meta_version": 3}, "version"),
            ({"meta_version": b"2"}, "version"),
        ],
    )
    def test_info(self, changes, word):
        with pytest.raises(MetainfoError, match=word):
            parse(torrent(single(**changes)))

    @pytest.mark.parametrize(
        "data",
        [b"", b"de", b"le", b"i5e", b"4:info", b"d4:infoi5ee", b"d4:infolee", b"<html>", b"l" * 1_000_000, b"d4:info"],
    )
    def test_what_is_no_metainfo(self, data):
        with pytest.raises(MetainfoError):
            parse(data)

    def test_bytes_behind(self):
        with pytest.raises(MetainfoError, match="follow"):
            parse(torrent(single()) + b"\n")

    def test_duplicate_keys_anywhere(self):
        data = torrent(single())
        for twice in (b"d4:name1:x" + data[1:], data):
            twice = twice.replace(b"4:name", b"4:name1:x4:name")
            with pytest.raises(MetainfoError, match="before"):
                parse(twice)

    def test_too_long(self):
        with pytest.raises(MetainfoError, match="long"):
            parse(bytes(MAX_LENGTH + 1))

    def test_too_deep(self):
        nested: object = b"x"
        for _ in range(31):
            nested = [nested]
        parse(torrent(single(), {"extra": nested}))
        with pytest.raises(MetainfoError, match="deeper"):
            parse(torrent(single(), {"extra": [nested]}))

    def test_total_and_pieces(self):
        most = 2**48 - 1
        with pytest.raises(MetainfoError, match="in all"):
            parse(torrent(multi() | {"files": [file("a", most), file("b", 1)]}))
        parse(torrent(single(length=2**20, piece_length=1, pieces=bytes(20 * 2**20))))
        with pytest.raises(MetainfoError, match="are the most"):
            parse(torrent(single(length=MAX_PIECES + 1, piece_length=1, pieces=b"")))

    def test_the_largest_torrent_there_can_be(self):
        pieces = bytes(20 * 2**19)
        assert parse(torrent(single(length=2**48 - 1, piece_length=MAX_PIECE_SIZE, pieces=pieces))).size == 2**48 - 1


class TestRoot:
    def test_every_field(self):
        root = {
            "announce": "http://old/announce",
            "announce-list": [["http://a/announce", "udp://b:80"], ["https://c/announce"]],
            "url-list": "http://seed/",
            "httpseeds": ["http://seed/x.php"],
            "nodes": [["router.example", 6881]],
            "comment": "hello",
            "created by": "me",
            "creation date": 1_700_000_000,
            "encoding": "UTF-8",
        }
        metainfo = parse(torrent(single(private=1), root))
        assert metainfo.private
        assert metainfo.tiers == [["http://a/announce", "udp://b:80"], ["https://c/announce"]]
        assert metainfo.webseeds == ["http://seed/"]
        assert metainfo.httpseeds == ["http://seed/x.php"]
        assert metainfo.nodes == [("router.example", 6881)]
        assert (metainfo.comment, metainfo.created_by, metainfo.encoding) == ("hello", "me", "UTF-8")
        assert metainfo.creation_date == 1_700_000_000

    def test_nothing_said_or_nonsense(self):
        nonsense = {"comment": 5, "created by": [], "creation date": b"x", "encoding": 1, "announce": 5}
        for metainfo in (parse(torrent(single())), parse(torrent(single(private=[]), nonsense))):
            assert (metainfo.tiers, metainfo.webseeds, metainfo.httpseeds, metainfo.nodes) == ([], [], [], [])
            assert (metainfo.comment, metainfo.created_by, metainfo.encoding) == ("", "", "")
            assert metainfo.creation_date is None
            assert not metainfo.private

    def test_only_1_is_private(self):
        assert not parse(torrent(single(private=0))).private
        assert not parse(torrent(single(private=b"1"))).private


@pytest.fixture
def content(tmp_path):
    folder = tmp_path / "content"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"a" * 70_000)
    (folder / "sub" / "b.bin").write_bytes(b"b" * 50_000)
    (folder / "sub" / "empty").write_bytes(b"")
    (folder / "c.sh").write_bytes(b"c" * 10)
    return folder


def made_by_libtorrent(path, flags: int) -> tuple[bytes, libtorrent.torrent_info]:
    storage = libtorrent.file_storage()
    libtorrent.add_files(storage, str(path))
    creator = libtorrent.create_torrent(storage, 16 * 1024, flags)
    creator.add_tracker("http://t.example/announce", 0)
    libtorrent.set_piece_hashes(creator, str(path.parent))
    data = libtorrent.bencode(creator.generate())
    return data, libtorrent.torrent_info(libtorrent.bdecode(data))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its new names are not in every version we test with
class TestAgainstLibtorrent:
    @pytest.mark.parametrize("flags", [libtorrent.create_torrent.v1_only, 0], ids=["v1", "hybrid"])
    def test_files_pieces_and_hashes_agree(self, content, flags):
        data, theirs = made_by_libtorrent(content, flags)
        ours = parse(data)
        hashes = theirs.info_hashes()
        assert ours.hash_v1 == ours.info_hash == hashes.v1.to_bytes()
        assert ours.hash_v2 == (hashes.v2.to_bytes() if hashes.has_v2() else None)
        assert ours.geometry.piece_count == theirs.num_pieces()
        files = theirs.files()
        assert [(entry.size, entry.offset) for entry in ours.layout.files] == [
            (files.file_size(index), files.file_offset(index)) for index in range(files.num_files())
        ]
        real = [index for index in range(files.num_files()) if not files.file_flags(index) & files.flag_pad_file]
        assert [index for index, entry in enumerate(ours.layout.files) if not entry.padding] == real
        assert [paths(ours)[index] for index in real] == [files.file_path(index) for index in real]
        assert b"".join(theirs.hash_for_piece(piece) for piece in range(theirs.num_pieces())) == ours.hashes
        assert ours.tiers == [["http://t.example/announce"]]

    def test_v2_only(self, content):
        data, theirs = made_by_libtorrent(content, libtorrent.create_torrent.v2_only)
        ours = parse(data)
        assert ours.v2_only
        assert ours.multi_file
        assert ours.info_hash == ours.hash_v2 == theirs.info_hashes().v2.to_bytes() == sha256(ours.info).digest()
        assert ours.hashes == b""
        assert ours.geometry.piece_count == theirs.num_pieces()
        assert paths(ours) == ["content/a.bin", "content/c.sh", "content/sub/b.bin", "content/sub/empty"]
        assert [entry.offset for entry in ours.layout.files] == [0, 81_920, 98_304, 163_840]
        assert ours.size == 120_010

    def test_v2_only_single_file(self, content):
        data, _ = made_by_libtorrent(content / "a.bin", libtorrent.create_torrent.v2_only)
        ours = parse(data)
        assert paths(ours) == ["a.bin"]
        assert not ours.multi_file


@given(st.binary(max_size=80))
def test_any_bytes_are_the_inputs_fault(data):
    with pytest.raises(MetainfoError):
        parse(data)


odd_keys = [b"path", b"length", b"", b"attr"]
odd = st.recursive(
    st.integers(-5, 2**50) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(odd_keys), inner),
    max_leaves=8,
)
info_keys = ["name", "length", "files", "piece length", "pieces", "private", "file tree", "meta version", "attr"]
root_keys = ["announce", "announce-list", "url-list", "httpseeds", "nodes", "comment", "creation date", "encoding"]


@given(st.dictionaries(st.sampled_from(info_keys), odd), st.dictionaries(st.sampled_from(root_keys), odd))
def test_any_fields_give_a_metainfo_or_the_inputs_fault(info, root):
    for data in (bencode.encode({**root, "info": info}), bencode.encode({**root, "info": single() | info})):
        try:
            metainfo = parse(data)
        except MetainfoError:
            continue
        assert len(metainfo.hashes) == 20 * metainfo.geometry.piece_count or metainfo.v2_only
        assert metainfo.layout.size == metainfo.geometry.size


@given(st.integers(0, 200), st.binary(max_size=3))
def test_a_flipped_byte_never_surprises(position, replacement):
    data = bytearray(torrent(multi(file("a"), file("b/c", attr="x")), {"announce": "http://t/announce"}))
    data[position : position + 1] = replacement
    with contextlib.suppress(MetainfoError):
        parse(bytes(data))


class TestAssemble:
    """A .torrent file around an info dictionary that came from peers."""

    def test_with_everything(self):
        info = bencode.encode(single())
        found = parse(assemble(info, [["http://a/announce"], ["udp://b:80"]], ["http://w/"]))
        assert found.info == info
        assert (found.tiers, found.webseeds) == ([["http://a/announce"], ["udp://b:80"]], ["http://w/"])

    def test_with_nothing_else(self):
        info = bencode.encode(single())
        assert assemble(info, [], []) == torrent(single())
        assert parse(assemble(info, [], [])).info_hash == sha1(info).digest()

    def test_the_bytes_stay_as_they_came(self):
        info = b"d12:piece lengthi32768e4:name8:file.bin6:lengthi40000e6:pieces40:" + b"h" * 40 + b"e"  # not sorted
        assert parse(assemble(info, [], [])).info_hash == sha1(info).digest()

    @given(st.binary(max_size=60))
    def test_nonsense_is_refused(self, info):
        with contextlib.suppress(MetainfoError):
            parse(assemble(info, [["http://a/"]], []))

    def test_no_way_out_of_the_info_dictionary(self):
        with pytest.raises(MetainfoError):
            parse(assemble(bencode.encode(single()) + b"8:url-list8:http://x", [], ["http://w/"]))
