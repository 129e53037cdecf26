# mypy: ignore-errors

"""What the contract certainly forbids in a request: straight-line checks, compiled from its schemas."""

from decimal import Decimal
from typing import Any

from .errors import ContractViolation, Unmet

NoneType = type(None)


def check_create_params(data: Any, name_prefix: Any = None) -> Any:
    if not isinstance(data, dict):
        raise ContractViolation(
            "" + (name_prefix or "data") + " must be object",
            value=data,
            name="" + (name_prefix or "data") + "",
            definition={"type": "object"},
            rule="type",
        )
    try:
        data_is_dict = isinstance(data, dict)
        if data_is_dict:
            data_keys = set(data.keys())
            if "resourceType" in data_keys:
                data_keys.remove("resourceType")
                data__resourceType = data["resourceType"]
                if not (isinstance(data__resourceType, str) and data__resourceType == "GPU"):
                    raise Unmet
    except Unmet:
        pass
    else:
        data_is_dict = isinstance(data, dict)
        if data_is_dict:
            data_keys = set(data.keys())
            if "gpuCount" in data_keys:
                data_keys.remove("gpuCount")
                data__gpuCount = data["gpuCount"]
                if isinstance(data__gpuCount, (int, float, Decimal)) and (not isinstance(data__gpuCount, bool)):
                    if data__gpuCount < 1:
                        raise ContractViolation(
                            "" + (name_prefix or "data") + ".gpuCount must be bigger than or equal to 1",
                            value=data__gpuCount,
                            name="" + (name_prefix or "data") + ".gpuCount",
                            definition={"minimum": 1},
                            rule="minimum",
                        )
    try:
        data_is_dict = isinstance(data, dict)
        if data_is_dict:
            data__missing_keys = set(["imagePublicType"]) - data.keys()
            if data__missing_keys:
                raise Unmet
            data_keys = set(data.keys())
            if "imagePublicType" in data_keys:
                data_keys.remove("imagePublicType")
                data__imagePublicType = data["imagePublicType"]
                if not (isinstance(data__imagePublicType, str) and data__imagePublicType == "PRIVATE"):
                    raise Unmet
    except Unmet:
        pass
    else:
        data_is_dict = isinstance(data, dict)
        if data_is_dict:
            data__missing_keys = set(["imageRegistryUsername", "imageRegistryToken"]) - data.keys()
            if data__missing_keys:
                raise ContractViolation(
                    "" + (name_prefix or "data") + " must contain " + (str(sorted(data__missing_keys)) + " properties"),
                    value=data,
                    name="" + (name_prefix or "data") + "",
                    definition={"required": ["imageRegistryUsername", "imageRegistryToken"]},
                    rule="required",
                )
    try:
        data_is_dict = isinstance(data, dict)
        if data_is_dict:
            data__missing_keys = set(["persistentVolumeInGb"]) - data.keys()
            if data__missing_keys:
                raise Unmet
            data_keys = set(data.keys())
            if "persistentVolumeInGb" in data_keys:
                data_keys.remove("persistentVolumeInGb")
                data__persistentVolumeInGb = data["persistentVolumeInGb"]
                if (
                    not isinstance(data__persistentVolumeInGb, int)
                    and (
                        not (isinstance(data__persistentVolumeInGb, float) and data__persistentVolumeInGb.is_integer())
                    )
                    or isinstance(data__persistentVolumeInGb, bool)
                ):
                    raise Unmet
                if isinstance(data__persistentVolumeInGb, (int, float, Decimal)) and (
                    not isinstance(data__persistentVolumeInGb, bool)
                ):
                    if data__persistentVolumeInGb <= 0:
                        raise Unmet
    except Unmet:
        pass
    else:
        data_is_dict = isinstance(data, dict)
        if data_is_dict:
            data__missing_keys = set(["persistentMountPath"]) - data.keys()
            if data__missing_keys:
                raise ContractViolation(
                    "" + (name_prefix or "data") + " must contain " + (str(sorted(data__missing_keys)) + " properties"),
                    value=data,
                    name="" + (name_prefix or "data") + "",
                    definition={"required": ["persistentMountPath"]},
                    rule="required",
                )
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(["image", "gpuType"]) - data.keys()
        if data__missing_keys:
            raise ContractViolation(
                "" + (name_prefix or "data") + " must contain " + (str(sorted(data__missing_keys)) + " properties"),
                value=data,
                name="" + (name_prefix or "data") + "",
                definition={"required": ["image", "gpuType"]},
                rule="required",
            )
        data_keys = set(data.keys())
        if "cloudType" in data_keys:
            data_keys.remove("cloudType")
            data__cloudType = data["cloudType"]
            if not isinstance(data__cloudType, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".cloudType must be string",
                    value=data__cloudType,
                    name="" + (name_prefix or "data") + ".cloudType",
                    definition={"type": "string"},
                    rule="type",
                )
        if "officialImage" in data_keys:
            data_keys.remove("officialImage")
            data__officialImage = data["officialImage"]
            if not isinstance(data__officialImage, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".officialImage must be string",
                    value=data__officialImage,
                    name="" + (name_prefix or "data") + ".officialImage",
                    definition={"type": "string"},
                    rule="type",
                )
        if "imagePublicType" in data_keys:
            data_keys.remove("imagePublicType")
            data__imagePublicType = data["imagePublicType"]
            if not isinstance(data__imagePublicType, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".imagePublicType must be string",
                    value=data__imagePublicType,
                    name="" + (name_prefix or "data") + ".imagePublicType",
                    definition={"type": "string"},
                    rule="type",
                )
        if "resourceType" in data_keys:
            data_keys.remove("resourceType")
            data__resourceType = data["resourceType"]
            if not isinstance(data__resourceType, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".resourceType must be string",
                    value=data__resourceType,
                    name="" + (name_prefix or "data") + ".resourceType",
                    definition={"type": "string"},
                    rule="type",
                )
        if "region" in data_keys:
            data_keys.remove("region")
            data__region = data["region"]
            if not isinstance(data__region, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".region must be string",
                    value=data__region,
                    name="" + (name_prefix or "data") + ".region",
                    definition={"type": "string"},
                    rule="type",
                )
        if "podName" in data_keys:
            data_keys.remove("podName")
            data__podName = data["podName"]
            if not isinstance(data__podName, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".podName must be string",
                    value=data__podName,
                    name="" + (name_prefix or "data") + ".podName",
                    definition={"type": "string"},
                    rule="type",
                )
        if "image" in data_keys:
            data_keys.remove("image")
            data__image = data["image"]
            if not isinstance(data__image, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".image must be string",
                    value=data__image,
                    name="" + (name_prefix or "data") + ".image",
                    definition={"type": "string"},
                    rule="type",
                )
            if isinstance(data__image, str):
                data__image_len = len(data__image)
                if data__image_len < 1:
                    raise ContractViolation(
                        "" + (name_prefix or "data") + ".image must be longer than or equal to 1 characters",
                        value=data__image,
                        name="" + (name_prefix or "data") + ".image",
                        definition={"minLength": 1},
                        rule="minLength",
                    )
        if "imageRegistryUsername" in data_keys:
            data_keys.remove("imageRegistryUsername")
            data__imageRegistryUsername = data["imageRegistryUsername"]
            if not isinstance(data__imageRegistryUsername, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".imageRegistryUsername must be string",
                    value=data__imageRegistryUsername,
                    name="" + (name_prefix or "data") + ".imageRegistryUsername",
                    definition={"type": "string"},
                    rule="type",
                )
        if "imageRegistryToken" in data_keys:
            data_keys.remove("imageRegistryToken")
            data__imageRegistryToken = data["imageRegistryToken"]
            if not isinstance(data__imageRegistryToken, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".imageRegistryToken must be string",
                    value=data__imageRegistryToken,
                    name="" + (name_prefix or "data") + ".imageRegistryToken",
                    definition={"type": "string"},
                    rule="type",
                )
        if "gpuType" in data_keys:
            data_keys.remove("gpuType")
            data__gpuType = data["gpuType"]
            if not isinstance(data__gpuType, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".gpuType must be string",
                    value=data__gpuType,
                    name="" + (name_prefix or "data") + ".gpuType",
                    definition={"type": "string"},
                    rule="type",
                )
            if isinstance(data__gpuType, str):
                data__gpuType_len = len(data__gpuType)
                if data__gpuType_len < 1:
                    raise ContractViolation(
                        "" + (name_prefix or "data") + ".gpuType must be longer than or equal to 1 characters",
                        value=data__gpuType,
                        name="" + (name_prefix or "data") + ".gpuType",
                        definition={"minLength": 1},
                        rule="minLength",
                    )
        if "gpuCount" in data_keys:
            data_keys.remove("gpuCount")
            data__gpuCount = data["gpuCount"]
            if (
                not isinstance(data__gpuCount, int)
                and (not (isinstance(data__gpuCount, float) and data__gpuCount.is_integer()))
                or isinstance(data__gpuCount, bool)
            ):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".gpuCount must be integer",
                    value=data__gpuCount,
                    name="" + (name_prefix or "data") + ".gpuCount",
                    definition={"type": "integer"},
                    rule="type",
                )
            if isinstance(data__gpuCount, (int, float, Decimal)) and (not isinstance(data__gpuCount, bool)):
                if data__gpuCount < -2147483648:
                    raise ContractViolation(
                        "" + (name_prefix or "data") + ".gpuCount must be bigger than or equal to -2147483648",
                        value=data__gpuCount,
                        name="" + (name_prefix or "data") + ".gpuCount",
                        definition={"minimum": -2147483648},
                        rule="minimum",
                    )
                if data__gpuCount > 2147483647:
                    raise ContractViolation(
                        "" + (name_prefix or "data") + ".gpuCount must be smaller than or equal to 2147483647",
                        value=data__gpuCount,
                        name="" + (name_prefix or "data") + ".gpuCount",
                        definition={"maximum": 2147483647},
                        rule="maximum",
                    )
        if "containerVolumeInGb" in data_keys:
            data_keys.remove("containerVolumeInGb")
            data__containerVolumeInGb = data["containerVolumeInGb"]
            if (
                not isinstance(data__containerVolumeInGb, int)
                and (not (isinstance(data__containerVolumeInGb, float) and data__containerVolumeInGb.is_integer()))
                or isinstance(data__containerVolumeInGb, bool)
            ):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".containerVolumeInGb must be integer",
                    value=data__containerVolumeInGb,
                    name="" + (name_prefix or "data") + ".containerVolumeInGb",
                    definition={"type": "integer"},
                    rule="type",
                )
            if isinstance(data__containerVolumeInGb, (int, float, Decimal)) and (
                not isinstance(data__containerVolumeInGb, bool)
            ):
                if data__containerVolumeInGb < -2147483648:
                    raise ContractViolation(
                        ""
                        + (name_prefix or "data")
                        + ".containerVolumeInGb must be bigger than or equal to -2147483648",
                        value=data__containerVolumeInGb,
                        name="" + (name_prefix or "data") + ".containerVolumeInGb",
                        definition={"minimum": -2147483648},
                        rule="minimum",
                    )
                if data__containerVolumeInGb > 2147483647:
                    raise ContractViolation(
                        ""
                        + (name_prefix or "data")
                        + ".containerVolumeInGb must be smaller than or equal to 2147483647",
                        value=data__containerVolumeInGb,
                        name="" + (name_prefix or "data") + ".containerVolumeInGb",
                        definition={"maximum": 2147483647},
                        rule="maximum",
                    )
        if "persistentVolumeInGb" in data_keys:
            data_keys.remove("persistentVolumeInGb")
            data__persistentVolumeInGb = data["persistentVolumeInGb"]
            if (
                not isinstance(data__persistentVolumeInGb, int)
                and (not (isinstance(data__persistentVolumeInGb, float) and data__persistentVolumeInGb.is_integer()))
                or isinstance(data__persistentVolumeInGb, bool)
            ):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".persistentVolumeInGb must be integer",
                    value=data__persistentVolumeInGb,
                    name="" + (name_prefix or "data") + ".persistentVolumeInGb",
                    definition={"type": "integer"},
                    rule="type",
                )
            if isinstance(data__persistentVolumeInGb, (int, float, Decimal)) and (
                not isinstance(data__persistentVolumeInGb, bool)
            ):
                if data__persistentVolumeInGb < -2147483648:
                    raise ContractViolation(
                        ""
                        + (name_prefix or "data")
                        + ".persistentVolumeInGb must be bigger than or equal to -2147483648",
                        value=data__persistentVolumeInGb,
                        name="" + (name_prefix or "data") + ".persistentVolumeInGb",
                        definition={"minimum": -2147483648},
                        rule="minimum",
                    )
                if data__persistentVolumeInGb > 2147483647:
                    raise ContractViolation(
                        ""
                        + (name_prefix or "data")
                        + ".persistentVolumeInGb must be smaller than or equal to 2147483647",
                        value=data__persistentVolumeInGb,
                        name="" + (name_prefix or "data") + ".persistentVolumeInGb",
                        definition={"maximum": 2147483647},
                        rule="maximum",
                    )
        if "persistentMountPath" in data_keys:
            data_keys.remove("persistentMountPath")
            data__persistentMountPath = data["persistentMountPath"]
            if not isinstance(data__persistentMountPath, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".persistentMountPath must be string",
                    value=data__persistentMountPath,
                    name="" + (name_prefix or "data") + ".persistentMountPath",
                    definition={"type": "string"},
                    rule="type",
                )
        if "initializationCommand" in data_keys:
            data_keys.remove("initializationCommand")
            data__initializationCommand = data["initializationCommand"]
            if not isinstance(data__initializationCommand, str):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".initializationCommand must be string",
                    value=data__initializationCommand,
                    name="" + (name_prefix or "data") + ".initializationCommand",
                    definition={"type": "string"},
                    rule="type",
                )
        if "environmentVars" in data_keys:
            data_keys.remove("environmentVars")
            data__environmentVars = data["environmentVars"]
            if not isinstance(data__environmentVars, (list, tuple)):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".environmentVars must be array",
                    value=data__environmentVars,
                    name="" + (name_prefix or "data") + ".environmentVars",
                    definition={"type": "array"},
                    rule="type",
                )
            data__environmentVars_is_list = isinstance(data__environmentVars, (list, tuple))
            if data__environmentVars_is_list:
                data__environmentVars_len = len(data__environmentVars)
                for data__environmentVars_x, data__environmentVars_item in enumerate(data__environmentVars):
                    if not isinstance(data__environmentVars_item, dict):
                        raise ContractViolation(
                            ""
                            + (name_prefix or "data")
                            + ".environmentVars[{data__environmentVars_x}]".format(**locals())
                            + " must be object",
                            value=data__environmentVars_item,
                            name=""
                            + (name_prefix or "data")
                            + ".environmentVars[{data__environmentVars_x}]".format(**locals())
                            + "",
                            definition={"type": "object"},
                            rule="type",
                        )
                    data__environmentVars_item_is_dict = isinstance(data__environmentVars_item, dict)
                    if data__environmentVars_item_is_dict:
                        data__environmentVars_item__missing_keys = (
                            set(["key", "value"]) - data__environmentVars_item.keys()
                        )
                        if data__environmentVars_item__missing_keys:
                            raise ContractViolation(
                                ""
                                + (name_prefix or "data")
                                + ".environmentVars[{data__environmentVars_x}]".format(**locals())
                                + " must contain "
                                + (str(sorted(data__environmentVars_item__missing_keys)) + " properties"),
                                value=data__environmentVars_item,
                                name=""
                                + (name_prefix or "data")
                                + ".environmentVars[{data__environmentVars_x}]".format(**locals())
                                + "",
                                definition={"required": ["key", "value"]},
                                rule="required",
                            )
                        data__environmentVars_item_keys = set(data__environmentVars_item.keys())
                        if "key" in data__environmentVars_item_keys:
                            data__environmentVars_item_keys.remove("key")
                            data__environmentVars_item__key = data__environmentVars_item["key"]
                            if not isinstance(data__environmentVars_item__key, str):
                                raise ContractViolation(
                                    ""
                                    + (name_prefix or "data")
                                    + ".environmentVars[{data__environmentVars_x}].key".format(**locals())
                                    + " must be string",
                                    value=data__environmentVars_item__key,
                                    name=""
                                    + (name_prefix or "data")
                                    + ".environmentVars[{data__environmentVars_x}].key".format(**locals())
                                    + "",
                                    definition={"type": "string"},
                                    rule="type",
                                )
                        if "value" in data__environmentVars_item_keys:
                            data__environmentVars_item_keys.remove("value")
                            data__environmentVars_item__value = data__environmentVars_item["value"]
                            if not isinstance(data__environmentVars_item__value, str):
                                raise ContractViolation(
                                    ""
                                    + (name_prefix or "data")
                                    + ".environmentVars[{data__environmentVars_x}].value".format(**locals())
                                    + " must be string",
                                    value=data__environmentVars_item__value,
                                    name=""
                                    + (name_prefix or "data")
                                    + ".environmentVars[{data__environmentVars_x}].value".format(**locals())
                                    + "",
                                    definition={"type": "string"},
                                    rule="type",
                                )
        if "expose" in data_keys:
            data_keys.remove("expose")
            data__expose = data["expose"]
            if not isinstance(data__expose, (list, tuple)):
                raise ContractViolation(
                    "" + (name_prefix or "data") + ".expose must be array",
                    value=data__expose,
                    name="" + (name_prefix or "data") + ".expose",
                    definition={"type": "array"},
                    rule="type",
                )
            data__expose_is_list = isinstance(data__expose, (list, tuple))
            if data__expose_is_list:
                data__expose_len = len(data__expose)
                for data__expose_x, data__expose_item in enumerate(data__expose):
                    if not isinstance(data__expose_item, dict):
                        raise ContractViolation(
                            ""
                            + (name_prefix or "data")
                            + ".expose[{data__expose_x}]".format(**locals())
                            + " must be object",
                            value=data__expose_item,
                            name="" + (name_prefix or "data") + ".expose[{data__expose_x}]".format(**locals()) + "",
                            definition={"type": "object"},
                            rule="type",
                        )
                    data__expose_item_is_dict = isinstance(data__expose_item, dict)
                    if data__expose_item_is_dict:
                        data__expose_item__missing_keys = set(["port"]) - data__expose_item.keys()
                        if data__expose_item__missing_keys:
                            raise ContractViolation(
                                ""
                                + (name_prefix or "data")
                                + ".expose[{data__expose_x}]".format(**locals())
                                + " must contain "
                                + (str(sorted(data__expose_item__missing_keys)) + " properties"),
                                value=data__expose_item,
                                name="" + (name_prefix or "data") + ".expose[{data__expose_x}]".format(**locals()) + "",
                                definition={"required": ["port"]},
                                rule="required",
                            )
                        data__expose_item_keys = set(data__expose_item.keys())
                        if "port" in data__expose_item_keys:
                            data__expose_item_keys.remove("port")
                            data__expose_item__port = data__expose_item["port"]
                            if (
                                not isinstance(data__expose_item__port, int)
                                and (
                                    not (
                                        isinstance(data__expose_item__port, float)
                                        and data__expose_item__port.is_integer()
                                    )
                                )
                                or isinstance(data__expose_item__port, bool)
                            ):
                                raise ContractViolation(
                                    ""
                                    + (name_prefix or "data")
                                    + ".expose[{data__expose_x}].port".format(**locals())
                                    + " must be integer",
                                    value=data__expose_item__port,
                                    name=""
                                    + (name_prefix or "data")
                                    + ".expose[{data__expose_x}].port".format(**locals())
                                    + "",
                                    definition={"type": "integer"},
                                    rule="type",
                                )
                            if isinstance(data__expose_item__port, (int, float, Decimal)) and (
                                not isinstance(data__expose_item__port, bool)
                            ):
                                if data__expose_item__port < 1:
                                    raise ContractViolation(
                                        ""
                                        + (name_prefix or "data")
                                        + ".expose[{data__expose_x}].port".format(**locals())
                                        + " must be bigger than or equal to 1",
                                        value=data__expose_item__port,
                                        name=""
                                        + (name_prefix or "data")
                                        + ".expose[{data__expose_x}].port".format(**locals())
                                        + "",
                                        definition={"minimum": 1},
                                        rule="minimum",
                                    )
                                if data__expose_item__port > 65535:
                                    raise ContractViolation(
                                        ""
                                        + (name_prefix or "data")
                                        + ".expose[{data__expose_x}].port".format(**locals())
                                        + " must be smaller than or equal to 65535",
                                        value=data__expose_item__port,
                                        name=""
                                        + (name_prefix or "data")
                                        + ".expose[{data__expose_x}].port".format(**locals())
                                        + "",
                                        definition={"maximum": 65535},
                                        rule="maximum",
                                    )
                        if "protocol" in data__expose_item_keys:
                            data__expose_item_keys.remove("protocol")
                            data__expose_item__protocol = data__expose_item["protocol"]
                            if not isinstance(data__expose_item__protocol, str):
                                raise ContractViolation(
                                    ""
                                    + (name_prefix or "data")
                                    + ".expose[{data__expose_x}].protocol".format(**locals())
                                    + " must be string",
                                    value=data__expose_item__protocol,
                                    name=""
                                    + (name_prefix or "data")
                                    + ".expose[{data__expose_x}].protocol".format(**locals())
                                    + "",
                                    definition={"type": "string"},
                                    rule="type",
                                )
    return data
