"""How people write sizes and rates, in the configuration and on the command line.

    SIZE = NUMBER [SPACES] [UNIT] ["/s"]        64 MiB    2M    500k    1.5GiB    100 kB/s    4096
    NUMBER = DIGITS ["." DIGITS]
    UNIT = [k | M | G | T [i]] [B]              of either case

As in the SI, k, M, G and T are powers of 1000; Ki, Mi, Gi and Ti are powers of 1024. A fraction of a byte is dropped.
"""

from __future__ import annotations

import re
from fractions import Fraction

LARGEST = 2**63 - 1
"""what a database and most programs that read our JSON can hold"""

_SIZE = re.compile(r"(\d{1,20}(?:\.\d{1,20})?)\s*(?:([kmgt])(i?))?b?(?:/s)?", re.IGNORECASE | re.ASCII)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}


def parse_size(text: str) -> int:
    """Bytes. ValueError says what is expected."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size such as 500k, 2M or 1.5GiB")
    number, letter, binary = match.groups()
    base = 1024 if binary else 1000
    size = int(Fraction(number) * base ** (_POWERS[letter.lower()] if letter else 0))
    if size > LARGEST:
        raise ValueError(f"{text!r} is too large")
    return size
