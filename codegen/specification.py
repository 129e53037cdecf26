"""openapi.yaml, as the templates and the checks look at it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonIdentifier

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "openapi.yaml"
NAMES = ROOT / "codegen" / "names.yaml"

Schema = dict[str, Any]


class UnsupportedError(Exception):
    """The contract holds something that the templates have no tolerant form for."""


def unsupported(what: str, where: object) -> None:
    """Stops the generation: a template meets what it does not know."""
    name = where.get_untrusted_value() if isinstance(where, UntrustedString) else where
    message = f"{what} ({name}) has no template yet; add one to codegen/templates, or say it otherwise in openapi.yaml"
    raise UnsupportedError(message)


def constant_name(value: str) -> str:
    """The name of an enumeration's member: `NVIDIA_GeForce_RTX` becomes `NVIDIA_GEFORCE_RTX`."""
    name = "".join(character if character.isalnum() else "_" for character in value).upper()
    return f"_{name}" if name[:1].isdigit() else name


@dataclass(frozen=True)
class Field:
    """A property of a schema, as the Python side sees it."""

    contract: Contract
    json_name: str
    schema: Schema
    required: bool
    named_secret: bool = False

    @property
    def python_name(self) -> str:
        """The name of the argument or attribute."""
        return self.contract.python_name(self.json_name)

    @property
    def description(self) -> str:
        """The contract's description."""
        return str(self.schema.get("description", ""))

    @property
    def documented(self) -> str:
        """The description, with the default that the API takes for an absent field."""
        default = self.schema.get("default")
        return self.description if default is None else f"{self.description} The API's default is {default}."

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown: it is a secret, or a list of objects with one in each."""
        return self._is_secret_itself or any(item._is_secret_itself for item in self.items)  # noqa: SLF001  # its own class

    @property
    def _is_secret_itself(self) -> bool:
        return self.schema.get("format") == "password" or self.named_secret

    @property
    def enum(self) -> str | None:
        """The enumeration that the values come from, also where others are let in beside it."""
        alternatives = [self.schema, *self.schema.get("anyOf", [])]
        return next((name for part in alternatives if (name := part.get("x-enum-name"))), None)

    @cached_property
    def types(self) -> set[str]:
        """The JSON types that the contract allows."""
        found: set[str] = set()
        for part in (self.schema, *self.schema.get("anyOf", [])):
            kinds = part.get("type", [])
            found.update([kinds] if isinstance(kinds, str) else kinds)
        return found - {"null"}

    @cached_property
    def items(self) -> list[Field]:
        """The properties of each item, where this is a list of objects."""
        return list(self.contract.fields_of(self.schema["items"])) if "items" in self.schema else []

    @property
    def is_pairs(self) -> bool:
        """Whether this is a list of names with values."""
        return len(self.items) == 2 and all(item.required and item.types == {"string"} for item in self.items)

    # --- As an argument ---

    @property
    def params_type(self) -> str:
        """The type of the argument."""
        if self.enum:
            return f"{self.enum} | str"
        if self.alias:
            return "".join(part.title() for part in self.python_name.split("_"))
        return self._plain_type({"string": "str", "integer": "int", "number": "float", "boolean": "bool"})

    @property
    def alias(self) -> str | None:
        """The friendly forms of an argument that is a list of objects."""
        if not self.items:
            return None
        types = [item.params_type if item.required else f"{item.params_type} | None" for item in self.items]
        forms = [f"tuple[{', '.join(types)}]", "Mapping[str, object]"]
        if self.is_pairs:
            return f"Mapping[str, str] | Iterable[{' | '.join(forms)}]"
        if [item.required for item in self.items].count(True) == 1 and self.items[0].required:
            forms.insert(0, types[0])
        return f"Iterable[{' | '.join(forms)}]"

    @property
    def alias_description(self) -> str:
        """What those forms are."""
        tuples = ", ".join(item.python_name for item in self.items)
        objects = ", ".join(item.json_name for item in self.items)
        if self.is_pairs:
            return f"A mapping, or pairs of ({tuples}), or JSON objects with {objects}."
        return (
            f"Each item is a bare {self.items[0].python_name}, a tuple of ({tuples}), or a JSON object with {objects}."
        )

    # --- As an attribute of a view ---

    @property
    def view_type(self) -> str:
        """The type of the attribute."""
        if self.enum:
            return f"{self.enum} | None"
        if self.is_pairs:
            return "dict[str, str]"
        if self.items:
            return f"tuple[{self._item_view}, ...]"
        return self._plain_type({"string": "str", "integer": "int", "number": "Decimal", "boolean": "bool"}) + " | None"

    @property
    def view_expression(self) -> str:
        """How the attribute is read."""
        value = f'self.raw.get("{self.json_name}")'
        if self.enum:
            return f"enumeration({self.enum}, {value})"
        if self.is_pairs:
            key, content = (item.json_name for item in self.items)
            return f'mapping({value}, "{key}", "{content}")'
        if self.items:
            return f"views({self._item_view}, {value})"
        reader = {"string": "text", "integer": "integer", "number": "decimal", "boolean": "boolean"}
        return f"{self._plain_type(reader)}({value})"

    @property
    def _item_view(self) -> str:
        schema_name = self.schema["items"]["x-schema-name"]
        if schema_name not in self.contract.names["views"]:
            unsupported(f"a list of {schema_name}, which codegen/names.yaml gives no view", self.json_name)
        return str(self.contract.names["views"][schema_name])

    def _plain_type(self, names: Mapping[str, str]) -> str:
        # A number that may be written as text is a number.
        kinds = self.types - {"string"} if self.types == {"number", "string"} else self.types
        if len(kinds) != 1 or not kinds <= names.keys():
            unsupported(f"the type {sorted(self.types)}", self.json_name)
        return names[next(iter(kinds))]


@dataclass(frozen=True)
class Group:
    """A schema that becomes one class on the Python side."""

    name: str
    description: str
    fields: list[Field]

    @property
    def secrets(self) -> list[str]:
        """The Python names of the fields that must not be shown."""
        return [field.python_name for field in self.fields if field.secret]


class Contract:
    """The contract, and the names that the Python side gives to parts of it."""

    def __init__(self, document: Mapping[str, Any], names: Mapping[str, Any]) -> None:
        self.document = document
        self.names = names
        self.schemas: Mapping[str, Schema] = document["components"]["schemas"]

    @classmethod
    def load(cls, path: Path = CONTRACT) -> Contract:
        """Reads a contract and codegen/names.yaml."""
        return cls(yaml.safe_load(path.read_text(encoding="utf-8")), yaml.safe_load(NAMES.read_text(encoding="utf-8")))

    # --- What the whole client needs ---

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return str(self.document["servers"][0]["url"])

    @property
    def api_key_header(self) -> str:
        """The header that carries the key."""
        (scheme,) = self.document["components"]["securitySchemes"].values()
        if (scheme["type"], scheme["in"]) != ("apiKey", "header"):
            unsupported("a security scheme other than a header", scheme)
        return str(scheme["name"])

    def path_parameter_pattern(self, endpoint: Any, parameter_name: UntrustedString) -> str | None:
        """The pattern that a path parameter must match, as a Python regular expression."""
        for path in self.document["paths"].values():
            for operation in path.values():
                if isinstance(operation, dict) and PythonIdentifier(operation["operationId"], "") == endpoint.name:
                    for parameter in operation.get("parameters", []):
                        if parameter["name"] == parameter_name.get_untrusted_value():
                            # `$` is the end in ECMAScript; in Python it also is the place before a last line break.
                            pattern = parameter["schema"].get("pattern")
                            return pattern and str(pattern).replace("$", r"\Z")
        return None

    # --- Schemas ---

    def python_name(self, json_name: str) -> str:
        """The Python name of a field."""
        return str(self.names["fields"].get(json_name) or PythonIdentifier(UntrustedString(json_name), "field_"))

    def renamed_fields(self) -> list[tuple[str, str]]:
        """The fields whose Python name is not their own in snake_case."""
        return list(self.names["fields"].items())

    def resolve(self, schema: Schema) -> Schema:
        """A schema with every reference replaced by what it refers to; what stands beside a reference wins.

        The name of the schema or enumeration is kept under `x-schema-name` or `x-enum-name`.
        """
        resolved = {key: self._resolve_any(value) for key, value in schema.items() if key != "$ref"}
        if "$ref" not in schema:
            return resolved
        name = schema["$ref"].rsplit("/", 1)[1]
        target = self.resolve(copy.deepcopy(self.schemas[name]))
        return {**target, "x-enum-name" if "enum" in target else "x-schema-name": name, **resolved}

    def _resolve_any(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.resolve(value)
        return [self._resolve_any(item) for item in value] if isinstance(value, list) else value

    def fields_of(self, schema: Schema) -> Iterator[Field]:
        """The properties of a resolved schema, required ones first."""
        required = schema.get("required", [])
        properties = schema.get("properties", {})
        secrets = self.names["secrets"].get(schema.get("x-schema-name"), [])
        for name in sorted(properties, key=lambda name: name not in required):
            yield Field(self, name, properties[name], name in required, name in secrets)

    def schema_description(self, name: Any) -> str:
        """The description of a schema."""
        return str(self.schemas.get(_plain(name), {}).get("description", "A part of another schema."))

    def property_description(self, schema_name: Any, property_name: Any) -> str:
        """The description of a property; what stands beside a reference wins over what it refers to."""
        return self._field(schema_name, property_name).documented

    def is_secret(self, schema_name: Any, property_name: Any) -> bool:
        """Whether a property must not be shown."""
        return self._field(schema_name, property_name).secret

    def _field(self, schema_name: Any, property_name: Any) -> Field:
        """A property of a named schema; an empty one for a schema without a name, which nothing more is known of."""
        wanted = _plain(property_name)
        fields = self.fields_of(self.named(schema_name)) if _plain(schema_name) in self.schemas else iter(())
        return next((field for field in fields if field.json_name == wanted), Field(self, wanted, {}, required=False))

    def named(self, name: Any) -> Schema:
        """A schema by its name, resolved."""
        return self.resolve({"$ref": f"#/components/schemas/{_plain(name)}"})

    # --- Groups ---

    def views(self) -> list[Group]:
        """The schemas that get a view, those that others hold first."""
        groups = self._groups("views")
        return sorted(groups, key=lambda group: any(field.items and not field.is_pairs for field in group.fields))

    def params(self) -> list[Group]:
        """The schemas whose fields become arguments."""
        return self._groups("params")

    def view_enums(self) -> list[str]:
        """The enumerations that the views use."""
        return sorted({field.enum for group in self.views() for field in group.fields if field.enum})

    def params_enums(self) -> list[str]:
        """The enumerations that the arguments use."""
        fields = [field for group in self.params() for field in group.fields]
        return sorted({part.enum for field in fields for part in (field, *field.items) if part.enum})

    def _groups(self, kind: str) -> list[Group]:
        groups = []
        for schema_name, name in self.names[kind].items():
            schema = self.named(schema_name)
            groups.append(Group(name, schema["description"], list(self.fields_of(schema))))
        return groups


def _plain(name: Any) -> str:
    return str(name.get_untrusted_value() if isinstance(name, UntrustedString) else name)
