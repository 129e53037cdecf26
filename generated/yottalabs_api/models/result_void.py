# mypy: disable-error-code="comparison-overlap"
from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.result_void_data import ResultVoidData
from ..types import UNSET, Unset, write

_NAMES = (
    "message",
    "code",
    "data",
)
_VALUES = itemgetter(*_NAMES)  # one call for all of them: a list may have ten thousand objects
_ABSENT = dict.fromkeys(_NAMES, UNSET)


@_attrs_define
class ResultVoid:
    """The envelope of an answer that carries nothing.

    A field that is not in the JSON object is UNSET. One that is there with a value the contract does not allow keeps that
    value, whatever its declared type. What the contract does not name is in `additional_properties`.

    Attributes:
        message: What happened, for people.
        code: 10000 where the request succeeded, any other number where it did not, whatever the HTTP status.
        data: Nothing of use.
    """

    message: str | Unset = UNSET
    code: int | Unset = UNSET
    data: None | ResultVoidData | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object: exactly the fields that are set."""
        json_object = self.additional_properties.copy()
        if self.message is not UNSET:
            json_object["message"] = self.message
        if self.code is not UNSET:
            json_object["code"] = self.code
        if self.data is not UNSET:
            json_object["data"] = write(self.data)
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
        message, code, data = values
        self = cls(
            message,
            code,
            ResultVoidData.read(data),
        )
        if len(src_dict) > 3:
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
