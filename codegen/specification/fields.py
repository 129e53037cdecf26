"""The properties of schemas, as the Python side sees them: as arguments, and as attributes of a view."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .errors import stop
from .references import Schema, resolve
from .simple import SCALARS, alternatives, is_nullable

if TYPE_CHECKING:
    from . import Contract

_PYTHON_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_READERS = {"string": "text", "integer": "integer", "number": "decimal", "boolean": "boolean"}
_READ_TYPES = {"text": "str", "integer": "int", "decimal": "Decimal", "boolean": "bool"}
_CHECKABLE_NAME = re.compile(r"[\w$-]+")  # what the compiled checks can tell apart in the path to a value


@dataclass(frozen=True)
class Field:
    """A property of a schema, or what a list or mapping holds."""

    contract: Contract
    owner: str
    json_name: str
    place: str
    schema: Schema
    required: bool = True
    named_secret: bool = False

    @property
    def python_name(self) -> str:
        """The name of the argument or attribute."""
        return self.contract.names.of_field(self.owner, self.json_name)

    @property
    def description(self) -> str:
        """The contract's description."""
        return str(self.schema.get("description", ""))

    @property
    def documented(self) -> str:
        """The description, with the default that the API takes for an absent field."""
        default = self.schema.get("default")
        return self.description if default is None else f"{self.description} The API's default is {default}."

    @cached_property
    def is_secret(self) -> bool:
        """Whether the value must not be shown: it is a secret, or holds one."""
        inner = [field for field in (self.items, self.values) if field]
        return self.is_itself_secret or any(field.is_secret for field in (*inner, *self.fields))

    @property
    def is_hidden_in_model(self) -> bool:
        """Whether the `repr` of a model leaves it out; what other models hold, these hide."""
        return self.is_itself_secret or any(field.is_itself_secret for field in self.item_fields)

    @property
    def is_hidden_in_view(self) -> bool:
        """Whether the `repr` of a view leaves it out; what other views hold, these hide."""
        return self.is_secret and not (self.view or (self.items and self.items.view))

    @property
    def is_itself_secret(self) -> bool:
        """Whether the value is a secret as a whole."""
        return self.named_secret or any(part.get("format") == "password" for part in self.alternatives)

    # --- What it is ---

    @cached_property
    def alternatives(self) -> list[Schema]:
        """What a value may be, apart from null."""
        return list(alternatives(self.schema))

    @property
    def is_nullable(self) -> bool:
        """Whether a value may be null."""
        return is_nullable(self.schema)

    @property
    def enum(self) -> str | None:
        """The enumeration that the values come from, also where other texts are let in beside it."""
        name = next((part["x-enum-name"] for part in self.alternatives if "enum" in part), None)
        if name is not None and self.types != {"string"}:
            self._unknown()
        return name

    @property
    def types(self) -> set[str | None]:
        """The JSON types of the alternatives."""
        return {part.get("type") for part in self.alternatives}

    @property
    def json_types(self) -> list[str]:
        """The names of the JSON types that a value may have; none where it may be anything."""
        return sorted(filter(None, self.types))

    @property
    def items(self) -> Field | None:
        """What each item is, where this is a list."""
        return self._held("items") if "array" in self.types else None

    @property
    def values(self) -> Field | None:
        """What each value is, where this is a mapping of values that the contract describes."""
        return self._held("additionalProperties") if "object" in self.types else None

    @cached_property
    def fields(self) -> list[Field]:
        """The properties, required ones first, where this is an object that has some."""
        shape = next((part for part in self.alternatives if "properties" in part), {})
        owner = shape.get("x-schema-name", self.owner)
        return list(self.contract.fields_of(owner, shape))

    @property
    def item_fields(self) -> list[Field]:
        """The properties of each item, where this is a list of objects."""
        return self.items.fields if self.items else []

    @property
    def is_mapping(self) -> bool:
        """Whether this is a list of names with values."""
        return self._item_schema in self.contract.names.mappings

    @property
    def _item_schema(self) -> str | None:
        found = self.items.alternatives if self.items else []
        return next((part["x-schema-name"] for part in found if "x-schema-name" in part), None)

    @property
    def only_type(self) -> str | None:
        """The one JSON type; a number that may be written in another way is a number."""
        kinds = self.types
        if "number" in kinds and kinds <= {"number", "string", "integer"}:
            return "number"
        if len(kinds) > 1:
            self._unknown()
        return next(iter(kinds), None)

    def _held(self, keyword: str) -> Field | None:
        for part in self.alternatives:
            if part.get(keyword):
                return Field(self.contract, self.owner, self.json_name, f"{self.place}/{keyword}", part[keyword])
        return None

    def _unknown(self) -> None:
        kinds = ", ".join(sorted(map(str, self.types)))
        stop(self.place, f"a choice of {kinds} has no template; give it one type")

    # --- As an argument ---

    @property
    def params_type(self) -> str:
        """The type of the argument."""
        return self._params_type + (" | None" if self.is_nullable else "")

    @property
    def _params_type(self) -> str:
        if self.enum:
            return f"{self.enum} | str"
        if self.alias:
            return self.alias_name
        if self.items:
            return f"Sequence[{self.items.params_type}]"
        if self.values:
            if self.values.enum:
                stop(self.place, "a mapping of enumerations has no template; let its values be texts")
            is_plain = self.values.types <= SCALARS
            return f"Mapping[str, {self.values.params_type if is_plain else 'object'}]"
        if "object" in self.types:
            return "Mapping[str, object]"
        return " | ".join(_PYTHON_TYPES[kind] for kind in self.json_types) or "object"

    @property
    def alias_name(self) -> str:
        """The name of the type of a list of objects."""
        return "".join(part.title() for part in self.python_name.split("_"))

    @property
    def bare(self) -> str | None:
        """The Python type of an item that is given by its one required field alone."""
        required = [field for field in self.item_fields if field.required]
        if len(required) != 1 or required[0].enum or len(required[0].types) != 1:
            return None
        return _PYTHON_TYPES.get(str(required[0].only_type))

    @property
    def tuples(self) -> list[list[Field]]:
        """The fields of an item that a tuple gives, for each length that a tuple may have."""
        required = sum(field.required for field in self.item_fields)
        least = max(required, 2) if required else len(self.item_fields) + 1
        return [self.item_fields[:length] for length in range(least, len(self.item_fields) + 1)]

    @property
    def alias(self) -> str | None:
        """The friendly forms of an argument that is a list of objects."""
        if not self.item_fields:
            return None
        forms = [self.item_fields[0].params_type] if self.bare else []
        for fields in self.tuples:
            types = [
                field.params_type if field.required or field.is_nullable else f"{field.params_type} | None"
                for field in fields
            ]
            forms.append(f"tuple[{', '.join(types)}]")
        items = f"Iterable[{' | '.join([*forms, 'Mapping[str, object]'])}]"
        return f"Mapping[str, str] | {items}" if self.is_mapping else items

    @property
    def alias_description(self) -> str:
        """What those forms are."""
        objects = ", ".join(field.json_name for field in self.item_fields)
        forms = [f"a bare {self.item_fields[0].python_name}"] if self.bare else []
        if self.tuples:
            forms.append(f"a tuple of ({', '.join(field.python_name for field in self.tuples[-1])})")
        each = ", or ".join([*forms, f"a JSON object with {objects}"])
        return f"A mapping, or a list whose items are each {each}." if self.is_mapping else f"Each item is {each}."

    def refuse_as_argument(self) -> None:
        """Stops at what cannot be an argument."""
        if not _CHECKABLE_NAME.fullmatch(self.json_name):
            stop(self.place, "a name with other characters than letters, digits, '_', '$' and '-' has no template")
        for field in (*self.fields, *self.item_fields):
            field.refuse_as_argument()
        _ = self.params_type

    # --- As an attribute of a view ---

    @property
    def view_type(self) -> str:
        """The type of the attribute."""
        if self.is_mapping:
            return "dict[str, str]"
        if self.items:
            return f"tuple[{self.items.item_type}, ...]"
        if "object" in self.types and not self.view:
            return f"dict[str, {self.values.item_type if self.values else 'Any'}]"
        return "Any" if self.item_type == "Any" else f"{self.item_type} | None"

    @property
    def view_expression(self) -> str:
        """How the attribute is read."""
        value = f"self.raw.get({self.json_name!r})"
        if self.is_mapping:
            key, content = self.contract.names.mappings[str(self._item_schema)]
            return f"mapping({value}, {key!r}, {content!r})"
        if self.items:
            return f"several({value}, {self.items.reader})"
        if "object" in self.types and not self.view:
            return f"entries({value}, {self.values.reader if self.values else 'anything'})"
        return value if self.item_type == "Any" else f"{self.reader}({value})"

    @property
    def ready_type(self) -> str | None:
        """The Python type of the values that are read as they are, if there is one."""
        is_scalar = not (self.is_mapping or self.items or self.enum or self.view)
        return {"string": "str", "integer": "int", "boolean": "bool"}.get(self.only_type or "") if is_scalar else None

    @property
    def ready_enum(self) -> str | None:
        """The enumeration whose members are found by their values, if it is one."""
        return None if self.is_mapping or self.items else self.enum

    @property
    def view(self) -> str | None:
        """The view that reads an object of this kind."""
        names = [part.get("x-schema-name") for part in self.alternatives]
        return next((view for name in names if (view := self.contract.names.views.get(name or ""))), None)

    @property
    def item_type(self) -> str:
        """The type of one value as it is read, where it can be read."""
        if self.enum or self.view:
            return str(self.enum or self.view)
        kind = self.only_type
        if kind == "object":
            return "dict[str, Any]"
        return _READ_TYPES[_READERS[kind]] if kind else "Any"

    @property
    def reader(self) -> str:
        """The function that reads one value."""
        if self.enum:
            return f"{self.enum}.tolerant"
        if self.view:
            return f"{self.view}.tolerant"
        kind = self.only_type
        return "json_object" if kind == "object" else _READERS[kind] if kind else "anything"


@dataclass(frozen=True)
class Group:
    """A schema that becomes one class on the Python side."""

    name: str
    place: str
    description: str
    fields: list[Field]

    @property
    def secrets(self) -> list[str]:
        """The Python names of the fields that must not be shown."""
        return [field.python_name for field in self.fields if field.is_hidden_in_view]

    @property
    def aliases(self) -> list[Field]:
        """The fields whose types have a name."""
        return [field for field in self.fields if field.alias]

    def refuse_collisions(self, reserved: Mapping[str, str]) -> None:
        """Stops where two fields have one Python name, or one has a name that means something else."""
        refuse_collisions([(field.python_name, field.place) for field in self.fields], reserved)


def refuse_collisions(names: list[tuple[str, str]], reserved: Mapping[str, str]) -> None:
    """Stops where a Python name is taken; `reserved` says by what."""
    taken = dict(reserved)
    for name, place in names:
        if name in taken:
            stop(
                place,
                f"its Python name {name!r} is taken by {taken[name]}; name it under fields in codegen/names.yaml",
            )
        taken[name] = place


def object_field(contract: Contract, owner: str, schema: Schema) -> Field:
    """A named schema as a field that holds its properties."""
    return Field(contract, owner, owner, contract.simple.places[owner], resolve(contract.simple.schemas, schema))
