"""What the contract certainly forbids in a request, compiled to plain Python.

"Certainly" means: whatever the API has learnt since it was documented. Enumerations and unknown fields are therefore
not checked. Leaving a keyword out makes a schema allow more, and so the check milder; but within `if` and `not` it
would make the check harsher, so these are kept whole.
"""

from __future__ import annotations

import ast
from typing import Any

import fastjsonschema
from openapi_python_client.strings import snake_case

from . import Contract
from .errors import stop
from .patterns import python_pattern
from .references import SCHEMAS, Schema, resolve

_LIMITS = {
    *("type", "const", "required", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("pattern", "minLength", "maxLength", "minItems", "maxItems"),
}
_EXACT_LIMITS = {*_LIMITS, "enum", "multipleOf", "uniqueItems", "minProperties", "maxProperties"}
_NOTES = {
    *("title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly", "format"),
    *("$comment", "externalDocs", "x-enum-name", "x-schema-name"),
}


def checks_module(contract: Contract) -> str:
    """A module with one function for each kind of arguments; it raises where the contract certainly forbids them."""
    code = [
        "# mypy: ignore-errors",
        '"""What the contract certainly forbids in a request: straight-line checks, compiled from its schemas."""',
        "from typing import Any",
        "from .errors import ContractViolation, Unmet",
    ]
    schemas = contract.document["components"]["schemas"]
    for schema_name, params_name in contract.names.params.items():
        whole = resolve(schemas, schemas[schema_name])
        schema = {**certain(whole, f"{SCHEMAS}/{schema_name}"), "$schema": "http://json-schema.org/draft-07/schema#"}
        module = ast.parse(fastjsonschema.compile_to_code(schema, use_default=False, use_formats=False))
        code.append(ast.unparse(_OwnErrors(f"check_{snake_case(params_name)}").visit(module)))
    return "\n\n".join([*code, ""])


def certain(schema: Any, place: str) -> Any:
    """A resolved schema without annotations, and without what may become wrong when the API grows."""
    if not isinstance(schema, dict):
        return schema
    made = _limits(schema, _LIMITS, place)
    if "properties" not in schema and isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = certain(schema["additionalProperties"], f"{place}/additionalProperties")
    if "properties" in schema:
        made["properties"] = {
            name: certain(part, f"{place}/properties/{name}") for name, part in schema["properties"].items()
        }
    for keyword, make in _PARTS:
        if keyword in schema:
            made[keyword] = make(schema[keyword], f"{place}/{keyword}")
    for keyword in ("allOf", "anyOf", "oneOf"):
        if keyword in schema:
            made[keyword] = [certain(part, f"{place}/{keyword}/{index}") for index, part in enumerate(schema[keyword])]
    if "oneOf" in made:
        # That one alternative holds is certain; that no second one does is not.
        made["allOf"] = [*made.get("allOf", []), {"anyOf": made.pop("oneOf")}]
    return made


def exact(schema: Any, place: str) -> Any:
    """A resolved schema without annotations. What cannot be compiled exactly stops."""
    if not isinstance(schema, dict):
        return schema
    made = _limits(schema, _EXACT_LIMITS, place)
    for keyword, value in schema.items():
        where = f"{place}/{keyword}"
        if keyword == "properties":
            made[keyword] = {name: exact(part, f"{where}/{name}") for name, part in value.items()}
        elif keyword in {"allOf", "anyOf", "oneOf"}:
            made[keyword] = [exact(part, f"{where}/{index}") for index, part in enumerate(value)]
        elif keyword in {"items", "additionalProperties", "if", "then", "else", "not"}:
            made[keyword] = exact(value, where)
        elif keyword not in _NOTES | _EXACT_LIMITS:
            stop(where, "this keyword cannot be checked within a condition; say it with others")
    return made


_PARTS = (("items", certain), ("then", certain), ("else", certain), ("if", exact), ("not", exact))


def _limits(schema: Schema, keywords: set[str], place: str) -> Schema:
    limits = {keyword: value for keyword, value in schema.items() if keyword in keywords}
    if "pattern" in limits:
        limits["pattern"] = python_pattern(limits["pattern"], place)
    return limits


class _OwnErrors(ast.NodeTransformer):
    """Frees compiled checks from the library that compiled them: another name, our exception, no imports of it."""

    def __init__(self, function_name: str) -> None:
        self.function_name = function_name

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        typed = ast.parse(f"def {self.function_name}(data: Any, name_prefix: Any = None) -> Any: pass").body[0]
        assert isinstance(typed, ast.FunctionDef)
        node.name, node.args, node.returns = typed.name, typed.args, typed.returns
        self.generic_visit(node)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        return None if node.module == "fastjsonschema" else node

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        self.generic_visit(node)
        return None if ast.unparse(node.targets[0]) == "VERSION" else node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id in {"JsonSchemaValueException", "JsonSchemaValuesException"}:
            node.id = "ContractViolation"
        return node

    def visit_Try(self, node: ast.Try) -> ast.Try:
        """A condition: nobody reads what is wrong with a value that is not meant by it."""
        self.generic_visit(node)
        for part in (each for statement in node.body for each in ast.walk(statement)):
            if isinstance(part, ast.Raise):
                part.exc = ast.Name("Unmet", ast.Load())
        for handler in node.handlers:
            if handler.type is None or "ContractViolation" not in ast.unparse(handler.type):
                stop("openapi.yaml", "fastjsonschema handles another error than its own in a condition")
            handler.type = ast.Name("Unmet", ast.Load())
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "ContractViolation":
            # Of a whole schema, only the keyword that is violated is of use.
            arguments = {keyword.arg: keyword for keyword in node.keywords}
            rule, definition = (ast.literal_eval(arguments[name].value) for name in ("rule", "definition"))
            arguments["definition"].value = ast.parse(repr({rule: definition.get(rule)}), mode="eval").body
        return node
