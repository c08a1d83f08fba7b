"""Where callers may put torrents: inside the download directory or the other roots, which only the file can name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torrentd.model.errors import RpcError


def allowed_directory(wanted: str | None, default: str, roots: Sequence[str]) -> str:
    """The absolute directory to use, symbolic links resolved. RpcError("path_not_allowed") names what is allowed."""
    if wanted is None:
        return str(Path(default).resolve())
    if "\0" in wanted or not Path(wanted).is_absolute():
        raise RpcError("path_not_allowed", "download_dir must be an absolute path", path="download_dir")
    try:
        resolved = Path(wanted).resolve()
        allowed = any(resolved.is_relative_to(Path(root).resolve()) for root in (default, *roots))
    except (OSError, RuntimeError, ValueError) as error:  # loops of links, text that is no path
        raise RpcError("path_not_allowed", f"download_dir cannot be resolved: {error}", path="download_dir") from None
    if not allowed:
        raise RpcError(
            "path_not_allowed",
            "download_dir is neither inside paths.download_dir nor one of paths.allowed_roots",
            path="download_dir",
        )
    return str(resolved)
