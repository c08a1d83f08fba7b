r"""Text from the network, made fit for a log line, a terminal or the RPC.

A peer's client name, a tracker's message or a file name may hold what moves the cursor, ends the log line or turns the
writing direction. All of that becomes visible as `\xNN` or `\uNNNN`. Escaping twice changes nothing more.
"""

from __future__ import annotations

import re

BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Unicode's property Bidi_Control, as the inside of a character class."""

_UNSAFE = f"[\x00-\x1f\x7f-\x9f{BIDI_CONTROLS}\u2028\u2029\ud800-\udfff]"
# C0, DEL and C1; the bidirectional controls; the two separators that some viewers take for a line's end; surrogates,
# which cannot be encoded. None of them is printable, and most text is: few runs of torrentctl compile this


def escape(text: str) -> str:
    """`text` with every unsafe character made visible."""
    return text if text.isprintable() else re.sub(_UNSAFE, _visible, text)


def escape_bytes(raw: bytes) -> str:
    """`raw` read as UTF-8, made visible where it is not, then as `escape`."""
    return escape(raw.decode("utf-8", "backslashreplace"))


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
