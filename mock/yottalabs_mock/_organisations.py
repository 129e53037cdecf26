"""Who may ask, and whose pods a key shows. No key is kept where it could be read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from ._messages import Refusal

ApiKeys: TypeAlias = Iterable[str] | Mapping[str, str]

MOST_ORGANISATIONS = 100_000
_FIRST_ID = 217646376996249601


class Organisations:
    """The organisations, and which key belongs to which."""

    def __init__(self, api_keys: ApiKeys | None) -> None:
        self._names: dict[str, str] | None = None
        if api_keys is not None:
            named = dict(api_keys) if isinstance(api_keys, Mapping) else dict.fromkeys(_listed(api_keys), "")
            self._names = {_digest(_checked(key)): _checked_name(name) or _name(key) for key, name in named.items()}
        self.ids: dict[str, str] = {}

    def of(self, key: str) -> str:
        """The id of the organisation that a key belongs to.

        Raises:
            Refusal: 401 or 403: there is no key, nobody knows it, or there are as many organisations as are taken.
        """
        if not key:
            raise Refusal(401, "the header x-api-key is missing or empty")
        name = _name(key) if self._names is None else self._names.get(_digest(key))
        if name is None:
            raise Refusal(401, "the key in the header x-api-key is not one that this simulator knows")
        if len(self.ids) >= MOST_ORGANISATIONS and name not in self.ids:
            message = f"{MOST_ORGANISATIONS} keys were used, and the simulator takes no more; reset it"
            raise Refusal(403, message)
        return self.ids.setdefault(name, str(_FIRST_ID + 2 * len(self.ids)))

    def restore(self, ids: Mapping[str, str]) -> None:
        """Takes organisations with the ids that they had.

        Raises:
            ValueError: Those are no ids that they can have had.
        """
        given = {str(_FIRST_ID + 2 * number) for number in range(len(ids))}
        if set(ids.values()) != given:
            raise ValueError(f"the ids of the organisations are not {', '.join(sorted(given))}")
        self.ids = dict(ids)

    def reset(self) -> None:
        """Forgets every organisation; the keys stay valid."""
        self.ids.clear()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self.ids)}>"


def _listed(keys: Iterable[str]) -> list[str]:
    if isinstance(keys, str | bytes) or not isinstance(keys, Iterable):
        message = f"api_keys is of type {type(keys).__name__}; it must be a collection of keys"
        raise ValueError(message)  # noqa: TRY004  # as for a wrong key
    return list(keys)


def _checked(key: str) -> str:
    if not isinstance(key, str) or not key or not all("!" <= character <= "~" for character in key):
        raise ValueError("a key in api_keys is no text that a header can carry, without spaces")
    return key


def _checked_name(name: str) -> str:
    if not isinstance(name, str):
        message = f"the name of an organisation in api_keys is {name!r}; it must be text"
        raise ValueError(message)  # noqa: TRY004  # as for a wrong key
    return name


def _name(key: str) -> str:
    """The name of the organisation of a key that has none given: the same in each run, and no way back to the key."""
    return f"key-{_digest(key)[:12]}"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
