"""`rpc`: every method from a shell."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, RpcFailure
from tests.cli.rows import UBUNTU
from torrentd.cli.commands.rpc import parse_params

DIGITS = "1234567890" * 4
EXPONENT = "1e" + "0" * 38


@pytest.mark.parametrize(
    ("words", "params"),
    [
        ([], None),
        (["limit=5", "sort=-size", "paused=true", "x=null"], {"limit": 5, "sort": "-size", "paused": True, "x": None}),
        (['fields=["name"]', "text=a=b", "empty="], {"fields": ["name"], "text": "a=b", "empty": ""}),
        ([f"id={UBUNTU}"], {"id": UBUNTU}),
        ([f"id={DIGITS}"], {"id": DIGITS}),
        ([f"id={EXPONENT}"], {"id": EXPONENT}),
        (['quoted="5"'], {"quoted": "5"}),
        (['{"ids": "all"}'], {"ids": "all"}),
        (["[1, 2]"], [1, 2]),
    ],
)
def test_parameters(words: list[str], params: object) -> None:
    assert parse_params(words) == params


@pytest.mark.parametrize("words", [["x"], ["=1"], ["{"], ["[1"], ["a=1", "{}"]])
def test_what_is_no_parameter(torrentctl: Torrentctl, fake: FakeDaemon, words: list[str]) -> None:
    outcome = torrentctl("rpc", "a.b", *words)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert fake.calls == []


def test_result(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["a.b"] = {"name": "\x1b[31m\u202e", "list": [1]}
    assert torrentctl("rpc", "a.b").out == '{"name":"\\u001b[31m\\u202e","list":[1]}\n'
    assert torrentctl.on_terminal()("rpc", "a.b").out == (
        '{\n  "name": "\\u001b[31m\\u202e",\n  "list": [\n    1\n  ]\n}\n'
    )


def test_parameters_from_stdin(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["a.b"] = {}
    torrentctl.stdin = '{"x": [1]}'
    assert torrentctl("rpc", "a.b", "-").code == 0
    assert fake.calls == [("a.b", {"x": [1]})]
    torrentctl.stdin = "5"
    assert torrentctl("rpc", "a.b", "-").code == 2


def test_errors(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("rpc", "no.such", "--json")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", "torrentctl: there is no method no.such\n")

    def slow(params: object) -> None:
        raise RpcFailure(-32004, "took too long", name="timeout")

    fake.answers["a.b"] = slow
    assert torrentctl("rpc", "a.b").code == 4


def test_the_answer_takes_too_long(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.reply = lambda handler, body: handler.connection.recv(1)  # until the caller gives up
    outcome = torrentctl("--timeout", "0.05", "rpc", "a.b")
    assert (outcome.code, outcome.err.count("\n")) == (4, 1)
    assert "no answer within 0.05 s" in outcome.err


def test_json_round_trip(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["echo"] = lambda params: params
    outcome = torrentctl("rpc", "echo", "name=映画\x7f")
    assert json.loads(outcome.out) == {"name": "映画\x7f"}
    assert outcome.out.isascii()
    assert "\x7f" not in outcome.out
