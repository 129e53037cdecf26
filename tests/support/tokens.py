"""The create token: the one environment variable that the client appends to those of the caller."""

from __future__ import annotations

from typing import Any
from uuid import UUID

TOKEN = "YOTTALABS_CREATE_TOKEN"


def variables(sent: Any) -> list[Any]:
    """The environment variables of a body that was sent; none where it has no list of them."""
    found = sent.get("environmentVars") if isinstance(sent, dict) else None
    return found if isinstance(found, list) else []


def token_of(sent: Any) -> str | None:
    """The token of a body that was sent, if there is exactly one, and it is a UUID as it is usually written."""
    values = [entry.get("value") for entry in variables(sent) if isinstance(entry, dict) and entry.get("key") == TOKEN]
    try:
        (value,) = values
        return value if str(UUID(value)) == value else None
    except (ValueError, TypeError, AttributeError):
        return None


def with_token(body: Any, sent: Any) -> Any:
    """A body with exactly one entry behind its variables. Which UUID that holds is known from what was sent alone."""
    entry = {"key": TOKEN, "value": token_of(sent) or "a UUID"}
    return {**body, "environmentVars": [*body.get("environmentVars", []), entry]}
