# mypy: disable-error-code="comparison-overlap"
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field


@_attrs_define
class ResultObjectData:
    """A part of another schema.

    A field that is not in the JSON object is UNSET. One that is there with a value the contract does not allow keeps that
    value, whatever its declared type. What the contract does not name is in `additional_properties`.
    """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object: exactly the fields that are set."""
        json_object = self.additional_properties.copy()
        return json_object

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object. Nothing that can be in the object makes it fail, and nothing of it is lost."""
        self = cls()
        self.additional_properties = dict(src_dict)
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
