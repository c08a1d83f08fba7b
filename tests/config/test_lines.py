"""Lines of keys, however they are written."""

from __future__ import annotations

import tomllib

import pytest

from torrentd.config.lines import key_lines, syntax_error_line


def test_keys_below_sections_and_dotted_keys() -> None:
    text = """
# [comment]
peers.upload_slots = 1
[paths]  # comment
  download_dir="/x"
"state_dir" = "/y"

[ "rpc" ]
'tcp' = "off"
server_names = [
  "tcp = 5",
]
"""
    assert key_lines(text) == {
        "peers.upload_slots": 3,
        "paths": 4,
        "paths.download_dir": 5,
        "paths.state_dir": 6,
        "rpc": 8,
        "rpc.tcp": 9,
        "rpc.server_names": 10,
    }


def test_the_first_place_wins() -> None:
    assert key_lines("[a]\nb = 1\nb = 2\n") == {"a": 1, "a.b": 2}


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb = \n", 2), ("[x", 1), ("a = 1\n\n\nb", 4), ("a = '''\n\n", 2)])
def test_the_line_of_a_syntax_error(text: str, line: int) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    assert syntax_error_line(str(caught.value), text) == line


def test_a_message_without_a_line_has_none() -> None:
    assert syntax_error_line("something else", "text") is None
