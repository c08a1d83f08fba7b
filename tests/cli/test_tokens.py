"""`token`, `whoami`."""

from __future__ import annotations

import json
import time

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, RpcFailure

SECRET = "5e" * 32
ROW = {"name": "dash\x1b[31m", "scopes": ["read", "control"], "created_at": 1.7e9, "expires": None}
ENDING = {**ROW, "name": "b", "expires": 1.8e9}


@pytest.fixture(autouse=True)
def obedient(fake: FakeDaemon) -> None:
    fake.answers["token.create"] = {"secret": SECRET, "token": ROW}
    fake.answers["token.list"] = {"tokens": [ROW, ENDING]}
    fake.answers["token.revoke"] = {}
    fake.answers["auth.whoami"] = {"caller": "uid 0", "scopes": ["read"], "token": "b", "expires": 1.8e9}


def test_create(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("token", "create", "dash", "--scope", "read", "--scope", "control")
    assert (outcome.code, outcome.out) == (0, f"{SECRET}\n")
    assert "not told again" in outcome.err
    assert fake.asked("token.create") == [{"name": "dash", "scopes": ["read", "control"]}]
    assert torrentctl.on_terminal()("token", "create", "dash", "--scope", "read").out == f"{SECRET}\n"
    assert json.loads(torrentctl("token", "create", "x", "--scope", "read", "--json").out)["secret"] == SECRET


def test_create_for_some_time(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    before = time.time()
    assert torrentctl("token", "create", "dash", "--scope", "read", "--expires", "30d").code == 0
    assert before <= fake.asked("token.create")[0]["expires"] - 30 * 86400 <= time.time()


@pytest.mark.parametrize(
    "words",
    [
        ["create", "x"],
        ["create", "--scope", "read"],
        ["create", "x", "--scope", "tokens"],
        ["create", "x", "--scope", "read", "--expires", "never"],
        ["revoke"],
        [],
        ["nonsense"],
    ],
)
def test_usage(torrentctl: Torrentctl, fake: FakeDaemon, words: list[str]) -> None:
    outcome = torrentctl("token", *words)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert fake.calls == []


def test_no_tokens(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["token.list"] = {"tokens": []}
    assert torrentctl("token", "list").out == torrentctl("token", "list").err == ""
    assert torrentctl.on_terminal()("token", "list").err == "no tokens were made\n"


def test_list(torrentctl: Torrentctl) -> None:
    assert torrentctl("token", "list").out == (
        "dash\\x1b[31m\tread,control\t1700000000.0\t\nb\tread,control\t1700000000.0\t1800000000.0\n"
    )
    assert [row["name"] for row in json.loads(torrentctl("token", "list", "--json").out)["tokens"]] == [
        ROW["name"],
        "b",
    ]
    assert torrentctl.on_terminal()("token", "list").lines == [
        "NAME          SCOPES         MADE                 EXPIRES",
        "dash\\x1b[31m  read, control  2023-11-14 22:13:20  -",
        "b             read, control  2023-11-14 22:13:20  2027-01-15 08:00:00",
    ]


def test_revoke(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("token", "revoke", "a", "b")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "revoked a\nrevoked b\n")
    assert fake.asked("token.revoke") == [{"name": "a"}, {"name": "b"}]


def test_who_may_not(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    def refuse(params: object) -> None:
        raise RpcFailure(-32001, "token.list needs a scope", name="forbidden")

    fake.answers["token.list"] = refuse
    outcome = torrentctl("token", "list")
    assert (outcome.code, outcome.out, outcome.err) == (6, "", "torrentctl: token.list needs a scope\n")


def test_whoami(torrentctl: Torrentctl) -> None:
    assert torrentctl("whoami").out == "caller\tuid 0\nscopes\tread\ntoken\tb\nexpires\t1800000000.0\n"
    assert torrentctl.on_terminal()("whoami").lines == [
        "caller   uid 0",
        "scopes   read",
        "token    b",
        "expires  2027-01-15 08:00:00",
    ]
