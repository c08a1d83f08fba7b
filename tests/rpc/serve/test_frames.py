"""Frames, against wsproto, which reads and writes them as other clients do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, Ping, TextMessage

from torrentd.rpc.serve.frames import MAX_MESSAGE, FrameGuard, text_frame

Text = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(Text)
def test_our_frames_are_read(text: str) -> None:
    assert read(text_frame(text.encode())) == text


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 100_000])
def test_sizes(size: int) -> None:
    assert read(text_frame(b"x" * size)) == "x" * size


def read(data: bytes) -> str:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    events = [event for event in client.events() if isinstance(event, TextMessage)]
    assert events[-1].message_finished
    return "".join(event.data for event in events)


@given(st.lists(st.tuples(Text, st.booleans(), st.booleans()), max_size=8), st.data())
def test_any_messages_in_any_pieces(messages: list[tuple[str, bool, bool]], data: st.DataObject) -> None:
    client = Connection(ConnectionType.CLIENT)
    sent = b""
    for text, in_two, with_ping in messages:
        half = len(text) // 2 if in_two else 0
        if in_two:
            sent += client.send(TextMessage(text[:half], message_finished=False))
        if with_ping:
            sent += client.send(Ping(b"p"))
        sent += client.send(TextMessage(text[half:]))
    guard = FrameGuard()
    while sent:
        count = data.draw(st.integers(1, len(sent)))
        assert guard.admits(sent[:count])
        sent = sent[count:]


@given(st.lists(st.integers(0, MAX_MESSAGE), min_size=1, max_size=6))
def test_a_message_is_as_large_as_all_its_frames(sizes: list[int]) -> None:
    guard, whole = FrameGuard(), 0
    for number, size in enumerate(sizes):
        whole += size
        opcode = 0x02 if number == 0 else 0x00
        head = bytes((opcode, 0xFF)) + size.to_bytes(8, "big") + b"mask"
        assert guard.admits(head) == (whole <= MAX_MESSAGE)
        if whole > MAX_MESSAGE:
            return
        assert guard.admits(bytes(size))


def test_a_new_message_begins_at_nothing() -> None:
    guard, client = FrameGuard(), Connection(ConnectionType.CLIENT)
    for _ in range(3):
        assert guard.admits(client.send(BytesMessage(bytes(MAX_MESSAGE))))
    assert not guard.admits(client.send(BytesMessage(bytes(MAX_MESSAGE + 1)))[:14])


@given(st.binary(max_size=200))
def test_anything_at_all(data: bytes) -> None:
    FrameGuard().admits(data)
