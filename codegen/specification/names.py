"""codegen/names.yaml: what the Python side calls things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import stop_names
from .simple import SimpleContract, python_name


@dataclass(frozen=True)
class Names:
    """The names, each kind as a mapping."""

    fields: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)
    mappings: Mapping[str, list[str]] = field(default_factory=dict)
    secrets: Mapping[str, list[str]] = field(default_factory=dict)
    members: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Names:
        """The names in a document; a kind that is not known stops."""
        for kind in document:
            if kind not in cls.__dataclass_fields__:
                stop_names(kind, f"is not known; there are {', '.join(cls.__dataclass_fields__)}")
        return cls(**{kind: names or {} for kind, names in document.items()})

    def of_field(self, owner: str, json_name: str) -> str:
        """The Python name of a field of a schema, or of a parameter of an operation."""
        return self.own(owner, json_name) or self.fields.get(json_name) or python_name(json_name)

    def own(self, owner: str, json_name: str) -> str | None:
        """The Python name that is given to this one field alone."""
        return self.fields.get(f"{owner}.{json_name}")

    def common(self) -> list[tuple[str, str]]:
        """The fields that are renamed wherever they are."""
        return [(json_name, name) for json_name, name in self.fields.items() if "." not in json_name]

    def refuse_stale(self, contract: SimpleContract) -> None:
        """Stops at an entry that matches nothing: a renamed schema would lose its view, or its secrecy."""
        for kind in ("params", "views", "mappings", "secrets", "members"):
            for name in getattr(self, kind):
                if name not in contract.schemas:
                    stop_names(f"{kind}/{name}", "openapi.yaml has no such schema; rename or remove the entry")
        for kind in ("params", "views"):
            for name in getattr(self, kind):
                if not contract.schemas[name].get("properties") or not contract.schemas[name].get("description"):
                    stop_names(f"{kind}/{name}", "the schema needs properties and a description in openapi.yaml")
        self._refuse_stale_fields(contract)
        self._refuse_stale_secrets(contract)
        self._refuse_other_mappings(contract)
        for name, members in self.members.items():
            if not set(members) <= set(contract.schemas[name].get("enum", [])):
                stop_names(f"members/{name}", "the enumeration has no such value; rename or remove the entry")

    def _refuse_stale_fields(self, contract: SimpleContract) -> None:
        holders = {name: set(schema.get("properties", {})) for name, schema in contract.schemas.items()}
        anywhere = set().union(*holders.values())
        for path in contract.paths.values():
            for operation in path.values():
                holders[operation["operationId"]] = {parameter["name"] for parameter in operation["parameters"]}
        for name in self.fields:
            owner, dot, own = name.rpartition(".")
            if own not in (holders.get(owner, set()) if dot else anywhere):
                stop_names(f"fields/{name}", "openapi.yaml has no such field; rename or remove the entry")

    def _refuse_stale_secrets(self, contract: SimpleContract) -> None:
        for name, fields in self.secrets.items():
            if not set(fields) <= contract.schemas[name].get("properties", {}).keys():
                stop_names(f"secrets/{name}", "the schema has no such field; rename or remove the entry")

    def _refuse_other_mappings(self, contract: SimpleContract) -> None:
        for name, fields in self.mappings.items():
            schema = {"properties": {}, "required": [], **contract.schemas[name]}
            texts = [key for key, part in schema["properties"].items() if part.get("type") == "string"]
            if not fields == texts == list(schema["properties"]) or set(fields) != set(schema["required"]):
                problem = "the schema must have these two fields, in this order, required texts both, and no other"
                stop_names(f"mappings/{name}", problem)
