from __future__ import annotations

from torrentd.dht.budget import BURST, FOR_ANSWERS, RATE, Budget


def test_the_rate_is_kept():
    budget, now, sent = Budget(0.0), 0.0, 0
    while now < 60:
        if budget.may_ask(now):
            budget.spend(100)
            sent += 100
        now += 0.001
    assert sent <= 60 * RATE + BURST
    assert sent >= 59 * RATE


def test_questions_leave_something_for_answers():
    budget = Budget(0.0)
    budget.spend(BURST - FOR_ANSWERS)
    assert not budget.may_ask(0.0)
    assert budget.may_answer(0.0)
    budget.spend(FOR_ANSWERS)
    assert not budget.may_answer(0.0)


def test_ready_at_is_when_it_says():
    budget = Budget(5.0)
    assert budget.ready_at(5.0) == 5.0
    budget.spend(BURST)
    at = budget.ready_at(5.0)
    assert not budget.may_ask(at - 0.01)
    assert budget.may_ask(at)


def test_what_is_saved_up_is_bounded():
    budget = Budget(0.0)
    budget.spend(1)
    budget.may_ask(1e6)
    budget.spend(BURST)
    assert not budget.may_answer(1e6)
