"""What a peer says."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import arrives, asked, closed, has, make, run, run_of, says
from torrentd.model.geometry import BLOCK
from torrentd.swarm.commands import Ask, Store
from torrentd.swarm.events import Start
from torrentd.swarm.peers.conversation import ON_MESSAGE
from torrentd.wire.peer.messages import Extended, Have, KeepAlive, Message, Port, Unchoke, Unknown


def test_every_message_has_its_verb() -> None:
    assert set(ON_MESSAGE) == set(Message.__args__)  # type: ignore[attr-defined]


def test_a_read_is_answered_once_at_its_end() -> None:
    torrent = make(pieces=40)
    log = run(
        torrent,
        (0, Start()),
        (0, arrives(1)),
        (0, says(1, has(40, *range(40)), Unchoke())),
        (0.1, says(1, *(run_of(piece, 0, 4) for piece in range(4)))),
    )
    later = [command for at, command in log if at == 0.1]
    assert [type(command) for command in later if isinstance(command, Store | Ask)] == [Store] * 4 + [Ask]


def test_what_came_before_an_offence_counts() -> None:
    torrent = make(pieces=2)
    script = [(0, Start()), (0, arrives(1)), (0, says(1, has(2, 0, 1), Unchoke()))]
    log = run(torrent, *script, (1, says(1, run_of(0, 0, 4), Have(99))))
    assert [command.piece for _, command in log if isinstance(command, Store)] == [0]
    assert list(closed(log)) == [1]
    assert torrent.totals.downloaded == 4 * BLOCK
    assert list(torrent.storing) == [0]


def test_the_extension_handshake_tells_a_name_and_how_much_may_be_asked() -> None:
    torrent = make(pieces=40)
    log = run(
        torrent,
        (0, Start()),
        (0, arrives(1)),
        (0, says(1, Extended(0, b"d1:pi70000e4:reqqi3e1:v8:Somebodye"), has(40, *range(40)), Unchoke())),
    )
    assert asked(log, 1) == [(0, 0, 3 * BLOCK)]
    assert torrent.peers[1].client == "Somebody"
    assert torrent.peers[1].listens is None


def test_an_extension_handshake_that_is_no_dictionary_closes_the_connection() -> None:
    assert list(closed(run(make(), (0, Start()), (0, arrives(1)), (1, says(1, Extended(0, b"nonsense")))))) == [1]


@pytest.mark.parametrize("message", [Extended(9, b""), Port(6881), KeepAlive(), Unknown(3)])
def test_what_we_do_not_use_is_ignored_but_not_for_ever(message: Message) -> None:
    torrent = make()
    assert run(torrent, (0, Start()), (0, arrives(1)), (1, says(1, *[message] * 200))) == []
    assert closed(run(torrent, (1, says(1, message)))) == {1: "too many extension messages"}
