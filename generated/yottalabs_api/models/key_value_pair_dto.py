# mypy: disable-error-code="comparison-overlap"
from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET

_NAMES = (
    "key",
    "value",
)
_VALUES = itemgetter(*_NAMES)  # one call for all of them: a list may have ten thousand objects
_ABSENT = dict.fromkeys(_NAMES, UNSET)


@_attrs_define
class KeyValuePairDTO:
    """A variable of the container's environment.

    A field that is not in the JSON object is UNSET. One that is there with a value the contract does not allow keeps that
    value, whatever its declared type. What the contract does not name is in `additional_properties`.

    Attributes:
        key: The variable's name.
        value: The variable's value.
    """

    key: str
    value: str = _attrs_field(repr=False)
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object: exactly the fields that are set."""
        json_object = self.additional_properties.copy()
        if self.key is not UNSET:
            json_object["key"] = self.key
        if self.value is not UNSET:
            json_object["value"] = self.value
        return json_object

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object. Nothing that can be in the object makes it fail, and nothing of it is lost."""
        if type(src_dict) is not dict:
            src_dict = dict(src_dict)
        try:
            values = _VALUES(src_dict)
        except KeyError:
            src_dict = {**_ABSENT, **src_dict}
            values = _VALUES(src_dict)
        key, value = values
        self = cls(
            key,
            value,
        )
        if len(src_dict) > 2:
            self.additional_properties = {name: value for name, value in src_dict.items() if name not in _ABSENT}
        return self

    @classmethod
    def read(cls, value: Any) -> Any:
        """The model of a JSON object; anything else unchanged."""
        return cls.from_dict(value) if type(value) is dict or isinstance(value, Mapping) else value

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties)

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
