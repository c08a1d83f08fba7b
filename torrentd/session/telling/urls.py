"""URLs of trackers as they may be shown."""

from __future__ import annotations

from urllib.parse import urlsplit

from torrentd.wire.escape import escape


def safe_url(url: str) -> str:
    """Without what may be secret: user, password, query, and path components that look like passkeys."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(unreadable)"
    if ":" in host:
        host = f"[{host}]"
    path = "/".join("..." if len(part) >= PASSKEY_LENGTH else part for part in parts.path.split("/"))
    return escape(f"{parts.scheme}://{host}{port}{path}" + ("?..." if parts.query else ""))


PASSKEY_LENGTH = 16
"""A path component of so many characters is taken for a passkey; real ones have 32 or 40."""
