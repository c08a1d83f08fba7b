"""The words after `list`, turned into the filter of `torrent.list`.

A state's name stands for that state, `active` for what moves now; `label:`, `tracker:` and `text:` say what they mean;
any other word is looked for in the names. States and labels widen each other, everything else narrows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

STATES = ("error", "moving", "checking", "metadata", "paused", "finished", "queued", "seeding", "downloading")


def parse_filter(words: Sequence[str]) -> dict[str, Any] | None:
    """The filter; None when there are no words."""
    states: list[str] = []
    labels: list[str] = []
    texts: list[str] = []
    found: dict[str, Any] = {}
    for word in words:
        kind, colon, rest = word.partition(":")
        if word in STATES:
            states.append(word)
        elif word == "active":
            found["active"] = True
        elif colon and kind == "label":
            labels.append(rest)
        elif colon and kind == "tracker":
            found["tracker"] = rest
        else:
            texts.append(rest if colon and kind == "text" else word)
    lists = {"state": states, "labels": labels}
    found.update({key: values for key, values in lists.items() if values})
    if texts:
        found["text"] = " ".join(texts)
    return found or None
