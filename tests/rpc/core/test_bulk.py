"""Acting on thousands lets others in between, and each succeeds or fails by itself."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, fail, succeed

from tests.rpc.fake_control import FakeControl
from torrentd.model.errors import RpcError
from torrentd.rpc.core.bulk import TOGETHER, outcomes


class Slow(FakeControl):
    """Goes on when it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[Deferred[None]] = []

    def let_others(self) -> Deferred[None]:
        self.waits.append(Deferred())
        return self.waits[-1]


def begun_by(act: Callable[[str], Deferred[None]], count: int) -> tuple[Slow, Deferred[list[Exception | None]]]:
    control = Slow()
    return control, Deferred.fromCoroutine(outcomes(control, [str(number) for number in range(count)], act))


def test_some_are_begun_with_in_each_turn() -> None:
    begun: list[str] = []
    control, done = begun_by(lambda id: (begun.append(id), Deferred())[1], 2 * TOGETHER + 1)
    for turn in (1, 2):
        assert len(begun) == turn * TOGETHER, "and nobody waits for those that are under way"
        control.waits[-1].callback(None)
    assert len(begun) == 2 * TOGETHER + 1
    assert not done.called


def test_few_are_begun_with_at_once() -> None:
    control, done = begun_by(lambda id: succeed(None), TOGETHER)
    assert done.result == [None] * TOGETHER
    assert control.waits == []


def test_each_fails_by_itself_in_its_place() -> None:
    _, done = begun_by(lambda id: fail(RpcError("busy", "not now")) if id == "1" else succeed(None), 3)
    first, second, third = done.result
    assert (first, third) == (None, None)
    assert isinstance(second, RpcError)
