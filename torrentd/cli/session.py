"""What a running command has at hand: the options, a connection made when it is first needed, and the output."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from torrentd.cli.options import Options
from torrentd.cli.output import Output

if TYPE_CHECKING:
    from torrentd.rpc.client import Client

monotonic = time.monotonic  # noqa: TID251  the one clock of a program that has no reactor


class Session:
    """One run of torrentctl. Tests replace the environment, the clock and the sleep."""

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.options = Options()
        self.environment = environment
        self.clock = clock
        self.sleep = sleep
        self._client: Client | None = None

    @cached_property
    def output(self) -> Output:
        """Made when first used: only then are all options known."""
        return Output(self.options, sys.stdout, sys.stderr, self.environment)

    @property
    def client(self) -> Client:
        """Connected. Raises what `endpoints.connect` raises."""
        if self._client is None:
            from torrentd.cli import endpoints  # http.client costs 20 ms, and `--help` needs none of it

            options = self.options
            choice = endpoints.choose(options.socket, options.url, options.token_file, self.environment)
            self._client = endpoints.connect(choice, options.timeout, self.environment)
        return self._client

    @property
    def is_remote(self) -> bool:
        """Whether the daemon was reached by a URL: paths of this machine may mean nothing there."""
        from torrentd.rpc.client import UrlEndpoint

        return isinstance(self.client.endpoint, UrlEndpoint)

    def call(self, method: str, params: Any = None, *, wait: float = 0.0) -> Any:
        """The result of one call; the daemon may take `wait` seconds longer than usual over it."""
        return self.client.call(method, params, timeout=self.options.timeout + wait)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
