"""The naming rule, clause by clause, and its promise: whatever the names, the paths are safe and nobody shares one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.errors import MetainfoError
from torrentd.wire.names import (
    MAX_COMPONENT,
    MAX_DUPLICATES,
    MAX_PATH_DEPTH,
    clean_component,
    clean_name,
    clean_path,
    make_unique,
)


class TestComponent:
    @pytest.mark.parametrize("raw", [b"", b".", b".."])
    def test_dropped(self, raw):
        assert clean_component(raw) == ""

    @pytest.mark.parametrize(
        ("raw", "clean"),
        [
            (b"plain.txt", "plain.txt"),
            (b"...", "..."),
            (b".hidden", ".hidden"),
            (b" ", " "),
            ("\u00fcml\u00e4ut \u2603 \U0001f600".encode(), "\u00fcml\u00e4ut \u2603 \U0001f600"),
            (b"a/b", "a_b"),
            (b"/etc/passwd", "_etc_passwd"),
            (b"../../x", ".._.._x"),
            (b"..\\..\\x", ".._.._x"),
            (b"nul\0byte", "nul_byte"),
            (b"esc\x1b[2J\n\t\x7f", "esc_[2J___"),
            ("\x80\x9f".encode(), "__"),
            ("\u202egpj.exe\u2069\u200f\u061c".encode(), "_gpj.exe___"),
            (b"\xff\xfe\x80", "___"),
            (b"caf\xe9", "caf_"),
            (b"\xc0\xaf", "__"),  # an overlong '/'
            (b"\xed\xa0\x80", "___"),  # a surrogate
            (b"\xc0\xae\xc0\xae", "____"),  # an overlong '..'
        ],
    )
    def test_renamed(self, raw, clean):
        assert clean_component(raw) == clean

    def test_a_long_one_keeps_its_suffix(self):
        assert clean_component(b"x" * 300 + b".mkv") == "x" * 251 + ".mkv"
        assert clean_component(b"x" * 255) == "x" * 255
        assert clean_component(b"x" * 256) == "x" * 255
        assert clean_component(b"a." + b"x" * 300) == "a." + "x" * 253

    def test_a_character_is_not_cut_in_two(self):
        assert clean_component("\u00e9".encode() * 200 + b".x") == "\u00e9" * 126 + ".x"

    @given(st.binary(max_size=40) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "ignore")))
    def test_whatever_it_was_it_is_a_safe_name(self, raw):
        name = clean_component(raw)
        assert name not in (".", "..")
        assert not set(name) & set("/\\\0\n\x1b\x7f\x85\u202e\u2066\u200e")
        assert len(name.encode("utf-8")) <= MAX_COMPONENT
        assert clean_component(name.encode()) == name


class TestName:
    @pytest.mark.parametrize("raw", [None, 5, [], {}, b"", b".", b".."])
    def test_none(self, raw):
        with pytest.raises(MetainfoError, match="name"):
            clean_name(raw)

    def test_one(self):
        assert clean_name(b"a/b") == "a_b"


class TestPath:
    def test_components_that_say_nothing_are_dropped(self):
        assert clean_path([b"a", b"", b".", b"..", b"b"], "file 0") == ("a", "b")
        assert clean_path([b"..", b"..", b"etc", b"passwd"], "file 0") == ("etc", "passwd")

    @pytest.mark.parametrize(
        "raw", [None, b"a", 5, {}, [], [b""], [b"", b""], [b".."], [b"a", 5], [b"a", [b"b"]], [b"a", None]]
    )
    def test_refused(self, raw):
        with pytest.raises(MetainfoError, match="file 7"):
            clean_path(raw, "file 7")

    def test_depth(self):
        assert len(clean_path([b"a"] * MAX_PATH_DEPTH, "file 0")) == MAX_PATH_DEPTH
        with pytest.raises(MetainfoError, match="deeper"):
            clean_path([b"a"] * (MAX_PATH_DEPTH + 1), "file 0")


def unique(*paths: str) -> list[str]:
    split = [tuple(path.split("/")) for path in paths]
    return ["/".join(path) for path in make_unique(split, [False] * len(split))]


class TestUnique:
    def test_equal_and_case_equal_names_are_numbered(self):
        assert unique("a.txt", "a.txt", "A.TXT", "b") == ["a.txt", "a.1.txt", "A.2.TXT", "b"]

    @pytest.mark.parametrize(
        ("name", "numbered"),
        [("a", "a.1"), (".hidden", ".hidden.1"), ("a.tar.gz", "a.tar.1.gz"), ("a.", "a.1.")],
    )
    def test_the_number_stands_before_the_suffix(self, name, numbered):
        assert unique(name, name) == [name, numbered]

    def test_a_numbered_name_is_not_too_long(self):
        name = "x" * 251 + ".mkv"
        assert unique(name, name) == [name, "x" * 243 + ".1.mkv"]

    def test_long_names_with_the_same_beginning_do_not_cost_their_square(self):
        names = [("x" * 250 + f"{number:05}",) for number in range(20_000)] * 2
        found = make_unique(names, [True] * len(names))
        assert len(set(found)) == len(found)

    def test_deep_folders_do_not_cost_their_square(self):
        paths = [tuple(f"{number:0255}" for _ in range(64)) for number in range(100)]
        assert make_unique(paths, [False] * len(paths)) == paths

    def test_a_number_that_is_taken_is_passed_over(self):
        assert unique("a.1.txt", "a.txt", "a.txt") == ["a.1.txt", "a.txt", "a.2.txt"]
        assert unique("a", "a", "a.1") == ["a", "a.1", "a.1.1"]

    def test_a_file_is_not_called_like_a_folder_in_either_order(self):
        assert unique("x", "x/y") == ["x.1", "x/y"]
        assert unique("x/y", "x") == ["x/y", "x.1"]
        assert unique("X", "x/y/z", "x/Y") == ["X.1", "x/y/z", "x/Y.1"]
        assert unique("x", "x.1/y") == ["x", "x.1/y"]
        assert unique("x", "x", "x.1/y") == ["x", "x.2", "x.1/y"]

    def test_equal_names_in_case_equal_folders(self):
        assert unique("A/x", "a/x", "a/y") == ["A/x", "a/x.1", "a/y"]

    def test_more_than_500_are_refused(self):
        paths = [("same",)] * (MAX_DUPLICATES + 1)
        assert len(set(make_unique(paths, [False] * len(paths)))) == len(paths)
        paths.append(("same",))
        with pytest.raises(MetainfoError, match="500"):
            make_unique(paths, [False] * len(paths))

    def test_padding_is_not_counted_and_yet_unique(self):
        paths = [(".pad", "16384")] * 20_000
        assert len(set(make_unique(paths, [True] * len(paths)))) == len(paths)

    @given(st.lists(st.lists(st.sampled_from(["a", "A", "b", "a.1", "\u00df", "SS"]), min_size=1, max_size=3)))
    def test_nobody_shares_a_path(self, paths):
        found = [
            "/".join(path).casefold() for path in make_unique([tuple(path) for path in paths], [False] * len(paths))
        ]
        assert len(set(found)) == len(found)
        for one in found:
            assert not any(other.startswith(one + "/") for other in found)
