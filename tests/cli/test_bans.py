"""`ban`, `unban`, `bans`."""

from __future__ import annotations

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon

BY_HAND = {"network": "192.0.2.0/24", "reason": "noise", "automatic": False, "torrent": None, "at": 0, "until": None}
LIAR = {"network": "2001:db8::/64", "reason": "\x1b[1m", "automatic": True, "torrent": "1" * 40, "at": 0, "until": 60}


def test_who_is_banned(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["ban.list"] = {"bans": []}
    assert torrentctl("bans").out == torrentctl("bans").err == ""
    fake.answers["ban.list"] = {"bans": [BY_HAND, LIAR]}
    lines = torrentctl("bans").out.splitlines()
    assert lines == ["192.0.2.0/24\tfalse\t0\t\tnoise", "2001:db8::/64\ttrue\t0\t60\t\\x1b[1m"]
    assert "\x1b[1m" not in torrentctl.on_terminal()("bans").out
    fake.answers["ban.list"] = {"bans": []}
    assert torrentctl("bans").err == "nobody is banned\n"


def test_ban(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["ban.add"] = {"bans": [BY_HAND]}
    assert torrentctl("ban", "192.0.2.7/24").out == "192.0.2.0/24\tfalse\t0\t\tnoise\n"
    torrentctl("ban", "192.0.2.1", "::1", "--for", "2h", "--reason", "noise")
    assert fake.asked("ban.add") == [
        {"networks": ["192.0.2.7/24"]},
        {"networks": ["192.0.2.1", "::1"], "seconds": 7200, "reason": "noise"},
    ]
    for words in (["ban"], ["ban", "::1", "--for", "soon"], ["ban", "::1", "--for", "0"]):
        assert torrentctl(*words).code == 2


def test_unban(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["ban.remove"] = {"removed": 1}
    assert torrentctl.on_terminal()("unban", "192.0.2.1").err == "lifted 1 ban\n"
    assert torrentctl("unban", "192.0.2.1", "--json").out == '{"removed":1}\n'
