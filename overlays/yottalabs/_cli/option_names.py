"""What the options of a create are called."""

from __future__ import annotations

from yottalabs_api.params import CREATE_PARAMS

SHORT_NAMES = {"gpu_type": ("--gpu",), "gpu_count": ("--gpus",), "environment_vars": ("--env",)}
"""What people call an option beside its own name; the first is what messages say."""


def option_of(name: str) -> str:
    """The option of an argument of the client."""
    if name in CREATE_PARAMS:
        field = CREATE_PARAMS[name]
        return f"{names_of(name)[0]}-file" if field.secret and not field.is_list else names_of(name)[0]
    return {"extra_fields": "--extra-field"}.get(name, f"--{name.replace('_', '-')}")


def names_of(name: str) -> tuple[str, ...]:
    """The options of an argument of `pods.create`; messages say the first."""
    return (*SHORT_NAMES.get(name, ()), f"--{name.replace('_', '-')}")


def option_of_json(json_name: str) -> str:
    """The option of a field, by its name in JSON; the name itself where there is no such field."""
    found = next((name for name, field in CREATE_PARAMS.items() if field.json_name == json_name), None)
    return json_name if found is None else names_of(found)[0]
