"""Whose fault it is. Five families, each handled in one place; anything else is a bug of ours."""


class TorrentdError(Exception):
    """What every family shares: the text is fit for a user, in English, without secrets."""


class ProtocolError(TorrentdError):
    """The peer broke the protocol: it is dropped, perhaps banned."""


class TrackerError(TorrentdError):
    """The tracker failed: the next one of the tier is asked, this one backs off."""

    def __init__(self, message: str, retry_in: float | None = None) -> None:
        super().__init__(message)
        self.retry_in = retry_in
        """Seconds the tracker asked us to wait (BEP 31); infinity for "never"; None if it did not say."""


class MetainfoError(TorrentdError):
    """The metainfo is not acceptable: the caller is told why."""


class StorageError(TorrentdError):
    """The machine failed: this torrent stops, the daemon goes on and retries by itself.

    `code` is one of "disk_full", "permission", "files_missing", "io_error", "read_only", "no_descriptors".
    """

    def __init__(self, message: str, code: str = "io_error", path: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.path = path


class RpcError(TorrentdError):
    """The user asked for something impossible. `name` is an error name of the API, such as "torrent_not_found";
    `data` goes into the error's data next to the name."""

    def __init__(self, name: str, message: str, **data: object) -> None:
        super().__init__(message)
        self.name = name
        self.data = data
