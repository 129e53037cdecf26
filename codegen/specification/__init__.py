"""openapi.yaml, as the templates and the checks look at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import ClassName

from .errors import UnsupportedError, stop
from .fields import Field, Group, object_field, refuse_collisions
from .names import Names
from .references import SCHEMAS, Schema, resolve
from .simple import SimpleContract, python_name

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "openapi.yaml"
NAMES = ROOT / "codegen" / "names.yaml"

# What a generated class has beside its fields.
_OF_VIEWS = ("raw", "has", "json_names", "secrets", "tolerant")
_OF_MODELS = ("additional_properties", "additional_keys", "to_dict", "from_dict", "read")
_OF_PARAMS = ("extra_fields",)  # of the overlay's create, which takes the fields for its arguments
_OF_OPERATIONS = ("client", "body", "re", "quote", "encode_body", "only_set", "header_values", "refuse_other_path")
_OF_ENUMERATIONS = ("is_known", "read", "tolerant")

Reserved = Mapping[str, Mapping[str, str]]


class Contract:
    """The contract, and the names that the Python side gives to parts of it.

    Args:
        document: The contract.
        names: codegen/names.yaml.
        hiding: Names that the overlay gives to something else in the classes that extend a view: view -> name -> what.

    Raises:
        UnsupportedError: Something in it would become wrong code.
    """

    def __init__(self, document: Mapping[str, Any], names: Mapping[str, Any], hiding: Reserved | None = None) -> None:
        self.document = document
        self.simple = SimpleContract(document)
        self.schemas = self.simple.schemas
        self.names = Names.read(names)
        self.names.refuse_stale(self.simple)
        self._class_schemas = {str(ClassName(name, "")): name for name in self.schemas}
        self._refuse_collisions(hiding or {})
        _ = self.api_key_header

    @classmethod
    def load(cls, hiding: Reserved | None = None) -> Contract:
        """Reads openapi.yaml and codegen/names.yaml."""
        return cls(read_yaml(CONTRACT), read_yaml(NAMES), hiding)

    # --- What the whole client needs ---

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return str(self.document["servers"][0]["url"])

    @property
    def api_key_header(self) -> str:
        """The header that carries the key."""
        schemes = self.document["components"].get("securitySchemes", {})
        place = "components/securitySchemes"
        if len(schemes) != 1:
            stop(place, f"{len(schemes)} security schemes have no template; there must be one, a key in a header")
        (scheme,) = schemes.values()
        if (scheme["type"], scheme.get("in")) != ("apiKey", "header"):
            stop(place, "this security scheme has no template; it must be a key in a header")
        return str(scheme["name"])

    # --- Operations ---

    def operations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The operations, with where each is."""
        for path, item in self.simple.paths.items():
            for method, operation in item.items():
                yield f"paths{path}/{method}", operation

    def parameter_pattern(self, endpoint: Any, parameter_name: UntrustedString) -> Any:
        """The pattern of a path parameter, as a Python regular expression."""
        for _, operation in self.operations():
            if python_name(operation["operationId"]) == endpoint.name:
                for parameter in operation["parameters"]:
                    if (parameter["in"], parameter["name"]) == ("path", _plain(parameter_name)):
                        return parameter["x-pattern"]
        return None

    # --- Schemas ---

    def schema_of_class(self, class_name: object) -> str | None:
        """The schema that a generated class is made from."""
        return self._class_schemas.get(str(class_name))

    def schema_description(self, class_name: object) -> str:
        """The description of a schema."""
        name = self.schema_of_class(class_name)
        return str(self.schemas[name].get("description", "")) if name else "A part of another schema."

    def fields_of(self, owner: str, schema: Schema) -> Iterator[Field]:
        """The properties of a resolved schema, required ones first."""
        required = schema.get("required", [])
        properties = schema.get("properties", {})
        secrets = self.names.secrets.get(owner, [])
        place = self.simple.places.get(owner, owner)
        for name in sorted(properties, key=lambda name: name not in required):
            where = f"{place}/properties/{name}"
            yield Field(self, owner, name, where, properties[name], name in required, name in secrets)

    def model_field(self, class_name: object, property_name: object) -> Field:
        """A property of a generated class."""
        owner = self.schema_of_class(class_name) or ""
        wanted = _plain(property_name)
        return next(field for field in self.fields_of(owner, self._named(owner)) if field.json_name == wanted)

    def members(self, class_name: object) -> list[tuple[str, str]]:
        """The members of an enumeration, with their values."""
        schema = self.schema_of_class(class_name) or ""
        own = self.names.members.get(schema, {})
        return [(own.get(value) or constant_name(value), value) for value in self.schemas[schema]["enum"]]

    def _named(self, name: str) -> Schema:
        return resolve(self.schemas, {"$ref": f"#/{SCHEMAS}/{name}"})

    # --- Groups ---

    def views(self) -> list[Group]:
        """The schemas that get a view."""
        return self._groups(self.names.views)

    def params(self) -> list[Group]:
        """The schemas whose fields become arguments."""
        return self._groups(self.names.params)

    def view_enums(self) -> list[str]:
        """The enumerations that the views use."""
        return sorted(set(_enums(field for group in self.views() for field in group.fields)))

    def params_enums(self) -> list[str]:
        """The enumerations that the arguments use."""
        return sorted(set(_enums(field for group in self.params() for field in group.fields)))

    def _groups(self, names: Mapping[str, str]) -> list[Group]:
        groups = []
        for schema_name, name in names.items():
            field = object_field(self, schema_name, {"$ref": f"#/{SCHEMAS}/{schema_name}"})
            groups.append(Group(name, field.place, field.description, field.fields))
        return groups

    # --- Names ---

    def _refuse_collisions(self, hiding: Reserved) -> None:
        for group in self.views():
            group.refuse_collisions({**_taken(_OF_VIEWS, "every view"), **hiding.get(group.name, {})})
            _ = [(field.view_type, field.view_expression) for field in group.fields]
        for group in self.params():
            group.refuse_collisions(_taken(_OF_PARAMS, "create itself"))
            for field in group.fields:
                field.refuse_as_argument()
            classes = [*self.params_enums(), *self.names.params.values(), "RequestField", "OpenEnum"]
            refuse_collisions(
                [(field.alias_name, field.place) for field in group.aliases], _taken(classes, "a class of that name")
            )
        for name, schema in self.schemas.items():
            self._refuse_model_collisions(name, schema)
            if "enum" in schema:
                self._refuse_bad_members(name)
        self._refuse_operation_collisions()

    def _refuse_model_collisions(self, name: str, schema: Schema) -> None:
        place = self.simple.places[name]
        names = [
            (self.names.own(name, key) or python_name(key), f"{place}/properties/{key}")
            for key in schema.get("properties", {})
        ]
        refuse_collisions(names, _taken(_OF_MODELS, "every model"))

    def _refuse_bad_members(self, name: str) -> None:
        taken: set[str] = {*_OF_ENUMERATIONS}
        for member, value in self.members(ClassName(name, "")):
            if not member.isidentifier() or member in taken or (member[0] == member[-1] == "_"):
                advice = f"under members/{name} in codegen/names.yaml"
                stop(
                    f"{self.simple.places[name]}/enum",
                    f"the value {value!r} makes no name of its own; give it one {advice}",
                )
            taken.add(member)

    def _refuse_operation_collisions(self) -> None:
        modules: dict[tuple[str, str], str] = {}
        for place, operation in self.operations():
            name = operation["operationId"]
            module = (str(operation.get("tags", [])[:1]), python_name(name))
            if module in modules:
                stop(place, f"its operationId makes the same module as that of {modules[module]}; change one")
            modules[module] = place
            names = [
                (self.names.of_field(name, part["name"]), f"{place}/parameters/{part['name']}")
                for part in operation["parameters"]
            ]
            refuse_collisions(names, _taken(_OF_OPERATIONS, "every operation"))


def read_yaml(path: Path) -> dict[str, Any]:
    """A document; one that is none stops with its place."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnsupportedError(f"{path.name}: is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise UnsupportedError(f"{path.name}: is not a mapping")
    return document


def constant_name(value: str) -> str:
    """The name of an enumeration's member: `NVIDIA_GeForce_RTX` becomes `NVIDIA_GEFORCE_RTX`."""
    name = "".join(character if character.isalnum() else "_" for character in value).upper()
    return f"_{name}" if name[:1].isdigit() else name


def _enums(fields: Any) -> Iterator[str]:
    for field in fields:
        inner = [part for part in (field.items, field.values) if part]
        yield from [field.enum] if field.enum else []
        yield from _enums([*inner, *(field.item_fields)])


def _taken(names: Any, by: str) -> dict[str, str]:
    return dict.fromkeys(names, by)


def _plain(name: object) -> str:
    return str(name.get_untrusted_value() if isinstance(name, UntrustedString) else name)


__all__ = ["CONTRACT", "NAMES", "ROOT", "Contract", "UnsupportedError", "read_yaml"]
