"""What this package raises itself. Everything else that can go wrong is an httpx2 exception."""

from typing import Any


class ContractViolation(ValueError):
    """A request that the contract forbids; it was not sent.

    Attributes:
        path: Where in the request the violation is, by the names of the contract: `("expose", "0", "port")`.
        rule: The keyword of the contract that is violated: "type", "required", "minimum" and so on.
        expected: What the keyword says, 65535 for example.
        value: The value that violates it. It may be a secret.
    """

    def __init__(
        self,
        message: str,
        value: Any = None,
        name: str = "",
        definition: dict[str, Any] | None = None,
        rule: str = "",
    ) -> None:
        super().__init__(message)
        self.path = tuple(part.rstrip("]") for part in name.replace("[", ".").split(".")[1:])
        self.rule = rule
        self.expected = (definition or {}).get(rule)
        self.value = value


class Unmet(Exception):
    """A condition of the contract that does not hold. It never leaves the checks."""


__all__ = ["ContractViolation", "Unmet"]
