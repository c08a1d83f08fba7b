"""Which torrents changed since a caller last looked."""

from torrentd.session.telling.changes import REMOVALS_KEPT, ChangeLog


def test_only_later_changes_are_told_in_their_order():
    log = ChangeLog(100)
    log.touch("a")
    log.touch("b")
    seen = log.revision
    log.touch("c")
    log.touch("a")
    assert log.changed(100) == ["b", "c", "a"]
    assert log.changed(seen) == ["c", "a"]
    assert log.changed(log.revision) == []


def test_whose_place_alone_changed_is_told_to_who_looks_at_places():
    log = ChangeLog(0)
    for id in ("a", "b", "c"):
        log.touch(id)
    seen = log.revision
    log.shift("a")
    log.touch("b")
    log.shift("c")
    assert log.changed(seen) == ["a", "b", "c"]
    assert log.changed(seen, places=False) == ["b"]
    assert log.changed(0, places=False) == ["a", "c", "b"]
    log.shift("b")
    log.touch("c")
    log.remove("a")
    assert log.changed(seen) == ["b", "c"]
    assert log.changed(seen, places=False) == ["b", "c"]


def test_removed_ones_are_named_and_are_not_changed():
    log = ChangeLog(0)
    log.touch("a")
    seen = log.revision
    log.remove("a")
    assert (log.changed(seen), log.removed(seen)) == ([], ["a"])
    assert log.removed(log.revision) == []


def test_revisions_of_another_run_are_unknown():
    log = ChangeLog(100)
    assert log.knows(100)
    assert not log.knows(99)
    assert not log.knows(101)


def test_a_caller_that_missed_too_many_removals_is_unknown():
    log = ChangeLog(0)
    log.touch("x")
    seen = log.revision
    for n in range(REMOVALS_KEPT):
        log.remove(str(n))
    assert log.knows(seen)
    log.remove("one more")
    assert not log.knows(seen)
    assert log.knows(log.revision)
