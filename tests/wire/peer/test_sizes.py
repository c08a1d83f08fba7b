"""Sizes agree with what is encoded."""

from __future__ import annotations

import pytest

from torrentd.model.geometry import BLOCK
from torrentd.wire.peer.encode import _FORMS, block_headers, encode, encode_requests
from torrentd.wire.peer.messages import (
    AllowedFast,
    BitfieldMessage,
    Blocks,
    Cancel,
    Choke,
    Extended,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    KeepAlive,
    Message,
    NotInterested,
    Port,
    Reject,
    Request,
    Suggest,
    Unchoke,
    Unknown,
)
from torrentd.wire.peer.sizes import REQUEST, overhead

MESSAGES: list[Message] = [
    KeepAlive(),
    Choke(),
    Unchoke(),
    Interested(),
    NotInterested(),
    Have(7),
    BitfieldMessage(bytes(33)),
    Request(1, 0, BLOCK, 5),
    Cancel(1, 0, BLOCK),
    Port(6881),
    HaveAll(),
    HaveNone(),
    Suggest(3),
    Reject(1, 0, BLOCK),
    AllowedFast(3),
    Extended(1, b"payload"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_each_message(message: Message) -> None:
    assert overhead([message]) == len(encode([message]))


def test_every_message_that_can_be_encoded_is_here() -> None:
    assert {type(message) for message in MESSAGES} == set(_FORMS)
    assert overhead(MESSAGES) == len(encode(MESSAGES))


def test_of_blocks_only_what_stands_before_them_counts() -> None:
    views = [memoryview(bytes(BLOCK))] * 3
    assert overhead([Blocks(0, 0, 3 * BLOCK, views)]) == len(block_headers([(0, 0, 3 * BLOCK)]))
    assert len(encode_requests([(0, 0, 3 * BLOCK)])) == 3 * REQUEST


def test_what_is_not_known_counts_as_it_came() -> None:
    assert overhead([Unknown(7)]) == 4 + 1 + 7
