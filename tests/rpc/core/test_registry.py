from __future__ import annotations

import subprocess
import sys

import pytest
from txjsonrpc_ng.jsonrpc import BaseSubhandler

from tests.rpc.asking import tokens
from tests.rpc.fake_control import FakeControl
from torrentd.rpc.core import schema
from torrentd.rpc.core.context import Scope
from torrentd.rpc.core.methods import nouns
from torrentd.rpc.core.methods.reading import TorrentResult
from torrentd.rpc.core.registry import Method, build

METHODS: dict[str, Scope | None] = {
    "auth.whoami": None,
    "ban.add": "control",
    "ban.list": "read",
    "ban.remove": "control",
    "config.get": "read",
    "config.schema": "read",
    "config.set": "settings",
    "daemon.reload": "settings",
    "daemon.set_log_level": "settings",
    "daemon.shutdown": "settings",
    "daemon.status": "read",
    "daemon.version": None,
    "dht.status": "read",
    "events.poll": "read",
    "events.subscribe": "read",
    "events.unsubscribe": "read",
    "job.cancel": "control",
    "job.get": "read",
    "job.list": "read",
    "limits.get": "read",
    "limits.set": "settings",
    "token.create": "tokens",
    "token.list": "tokens",
    "token.revoke": "tokens",
    "torrent.add": "control",
    "torrent.add_peers": "control",
    "torrent.announce": "control",
    "torrent.export": "read",
    "torrent.files": "read",
    "torrent.get": "read",
    "torrent.inspect": "control",
    "torrent.list": "read",
    "torrent.move": "control",
    "torrent.pause": "control",
    "torrent.peers": "read",
    "torrent.pieces": "read",
    "torrent.queue": "control",
    "torrent.remove": "control",
    "torrent.remove_peers": "control",
    "torrent.rename": "control",
    "torrent.resume": "control",
    "torrent.set": "control",
    "torrent.set_files": "control",
    "torrent.set_trackers": "control",
    "torrent.trackers": "read",
    "torrent.verify": "control",
    "torrent.wait": "read",
}
"""All of them, with what a caller's credential must be good for."""


def all_methods() -> dict[str, Method]:
    control = FakeControl()
    return build(nouns(control, tokens(control)))


class Careless(BaseSubhandler):  # type: ignore[misc]  # the library has no types
    def jsonrpc_act(self, params: schema.Nothing) -> dict[str, object]:
        return {}


def test_a_method_that_does_not_say_who_may_call_it_is_none() -> None:
    with pytest.raises(TypeError, match=r"careless\.act"):
        build({"careless": Careless()})


def test_all_methods_are_found_in_order() -> None:
    methods = all_methods()
    assert list(methods) == sorted(METHODS)


def test_what_is_known_of_a_method() -> None:
    method = all_methods()["torrent.get"]
    assert (method.params, method.result) == (schema.Get, TorrentResult)
    assert method.summary == "One torrent."
    assert not (method.waits or method.long_poll or method.of_caller)


def test_each_method_needs_its_scope_and_some_poll() -> None:
    methods = all_methods().values()
    assert {method.name: method.scope for method in methods} == METHODS
    assert {method.name for method in methods if method.long_poll} == {"events.poll", "torrent.inspect", "torrent.wait"}


def test_every_method_has_a_summary() -> None:
    assert all(method.summary.endswith(".") for method in all_methods().values())


def test_the_core_does_not_bring_in_the_reactor() -> None:
    program = "import sys, torrentd.rpc.core.api; sys.exit('twisted.internet.reactor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
