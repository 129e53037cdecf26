"""One test for both clients: `client(…)` is the synchronous one or the asynchronous one behind the same face."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, Self


class Waited:
    """An asynchronous object whose coroutines are run to their end, so that it looks like a synchronous one."""

    def __init__(self, wrapped: Any, runner: asyncio.Runner) -> None:
        self._wrapped = wrapped
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._wrapped, {"close": "aclose"}.get(name, name))
        if inspect.iscoroutinefunction(value):
            return lambda *args, **kwargs: self._runner.run(value(*args, **kwargs))
        if name == "pods":
            return Waited(value, self._runner)
        if name == "with_options":
            return lambda **options: Waited(value(**options), self._runner)
        return value

    def __repr__(self) -> str:
        return repr(self._wrapped)

    def __enter__(self) -> Self:
        self._runner.run(self._wrapped.__aenter__())
        return self

    def __exit__(self, *details: object) -> None:
        self._runner.run(self._wrapped.__aexit__(*details))


class Keyed:
    """A client, and others like it with other keys; all are closed at the end."""

    def __init__(self, make: Callable[..., Any], base_url: str | None, key: str) -> None:
        self._make = make
        self._base_url = base_url
        self._opened: list[Any] = []
        self._client = self.with_key(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def with_key(self, key: str) -> Any:
        """A client with the same settings and another key."""
        self._opened.append(self._make(key, base_url=self._base_url))
        return self._opened[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._opened:
            client.close()
