"""The configuration as it may be shown: to whoever may look, and so without what may be secret in it."""

from __future__ import annotations

from torrentd.session.telling.urls import safe_url

HIDDEN = "..."


def shown(values: dict[str, object]) -> dict[str, object]:
    """The values of the dotted keys, but for passwords in URLs and the arguments of programs."""
    return {key: _shown(key, value) for key, value in values.items()}


def _shown(key: str, value: object) -> object:
    if key == "blocklist.source" and isinstance(value, str) and "://" in value:
        return safe_url(value)
    if key.startswith("hooks.") and isinstance(value, list):
        return value[:1] + [HIDDEN] * (len(value) - 1)
    return value
