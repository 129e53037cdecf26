"""What the client sees of an API, said in a few words, so that two APIs can be compared: a mock, a fake, the real one.

Each behaviour makes sure of what must hold of any of them, and tells the rest. Nothing that is told holds a value that
could be a secret.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from yottalabs import (
    APIError,
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    Pod,
    PodStatus,
    YottaLabsError,
)

from support import contract

Client = Any  # YottaLabs, or AsyncYottaLabs behind the same face

REQUEST: dict[str, Any] = {
    "image": "ubuntu",
    "gpu_type": "NVIDIA_L4_24G",
    "gpu_count": 1,
    "name": "a pod of a test",
    "environment_vars": {"COLOUR": "blue"},
    "expose": [22],
}
PYTHON_NAMES = {"podName": "name"}
PRICES_AND_SPEEDS = (
    *("networkUploadMbps", "networkDownloadMbps", "diskReadSpeedMbps", "diskWriteSpeedMbps"),
    *("singleCardPrice", "persistentVolumePrice", "containerVolumePrice"),
)
TIMES = {
    "as documented": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "ISO 8601": r"\d{4}-\d\d-\d\dT.*",
    "since 1970": r"\d+",
}


@dataclass(frozen=True)
class Behaviour:
    """Something to look at.

    Attributes:
        name: What is looked at.
        look: Looks at it, and tells what was seen.
        changes: Whether looking changes something: pods are created or deleted.
    """

    name: str
    look: Callable[[Client], str]
    changes: bool = False

    def __str__(self) -> str:
        return self.name


def _those_seen(found: Iterable[str]) -> str:
    return ", ".join(sorted(set(found))) or "nothing to see"


def _pods_can_be_read(client: Client) -> str:
    lost = []
    for pod in client.pods.list():
        assert isinstance(pod, Pod)
        assert pod.id
        assert isinstance(pod.is_active, bool)
        properties = contract.schema("OpenapiPodDetailResponse")["properties"]
        for name in properties.keys() & pod.raw.keys():
            python_name = PYTHON_NAMES.get(name, re.sub("([A-Z])", lambda match: f"_{match[1].lower()}", name))
            if pod.raw[name] is not None and getattr(pod, python_name) is None:
                lost.append(name)
    assert lost == [], f"fields whose values the client cannot read: {sorted(set(lost))}"
    return "every documented field"


def _unknown_fields(client: Client) -> str:
    known = contract.schema("OpenapiPodDetailResponse")["properties"].keys()
    return _those_seen(name for pod in client.pods.list() for name in pod.raw.keys() - known)


def _against_the_contract(client: Client) -> str:
    validator = contract.validator("OpenapiPodDetailResponse")
    errors = (error for pod in client.pods.list() for error in validator.iter_errors(pod.raw))
    # The place and the rule alone: a value may be a secret.
    return _those_seen(f"{'/'.join(map(str, error.instance_path))}: {error.schema_path[-1]}" for error in errors)


def _statuses(client: Client) -> str:
    unknown = [pod.raw["status"] for pod in client.pods.list() if pod.status is not None and not pod.status.is_known]
    return _those_seen(map(str, unknown)) if unknown else "only documented ones"


def _numbers(client: Client) -> str:
    kinds = {int: "numbers", float: "numbers", str: "text", type(None): "null"}
    pods = [pod.raw for pod in client.pods.list()]
    return _those_seen(kinds[type(pod[name])] for pod in pods for name in PRICES_AND_SPEEDS if name in pod)


def _times(client: Client) -> str:
    texts = [str(pod.raw[name]) for pod in client.pods.list() for name in ("createdAt", "updatedAt") if name in pod.raw]
    return _those_seen(
        next((form for form, pattern in TIMES.items() if re.fullmatch(pattern, text)), "another form") for text in texts
    )


def _outcome(call: Callable[[], object]) -> str:
    """What a call that need not succeed comes to."""
    try:
        call()
    except APIError as error:
        return f"{type(error).__name__}, HTTP {error.status_code}, code {error.code}"
    return "success"


def _another_key(client: Client) -> str:
    stranger = client.with_key(secrets.token_hex(16))
    said = _outcome(stranger.pods.list)
    assert said == "success" or said.startswith(AuthenticationError.__name__), said
    return said


def _unknown_pod(client: Client) -> str:
    with_code = _outcome(lambda: client.pods.delete("1"))
    assert with_code == "success" or with_code.startswith(NotFoundError.__name__), with_code
    return with_code


def _pod_that_is_not_there(client: Client) -> str:
    try:
        client.pods.get("1")
    except NotFoundError as error:
        assert error.pod_id == "1"
        return "NotFoundError"
    return "found"


def _unknown_path(client: Client) -> str:
    return _outcome(lambda: client.request("GET", "/openapi/v1/nothing"))


def _wrong_method(client: Client) -> str:
    return _outcome(lambda: client.request("PUT", "/openapi/v1/pods/list"))


def _created_id(client: Client) -> str:
    pod_id = client.pods.create(**REQUEST)
    assert isinstance(pod_id, str)
    return f"{'digits' if pod_id.isdigit() else 'text'}, as text"


def _created_pod(client: Client) -> str:
    pod_id = client.pods.create(**REQUEST)
    pod = next((pod for pod in client.pods.list() if pod.id == pod_id), None)
    if pod is None:
        return "not listed"
    assert (pod.name, pod.image, pod.gpu_count) == (REQUEST["name"], REQUEST["image"], REQUEST["gpu_count"])
    assert pod.environment_vars == REQUEST["environment_vars"]
    assert pod.status in {PodStatus.INITIALIZE, PodStatus.RUNNING}
    return "listed, with its environment"


def _found_by_its_token(client: Client) -> str:
    token = str(uuid4())
    pod_id = client.pods.create(**REQUEST, create_token=token)
    pod = client.pods.find_created(token)
    if pod is None:
        return "not found"
    assert (pod.id, pod.create_token) == (pod_id, token)
    said = [{"key": name, "value": value} for name, value in REQUEST["environment_vars"].items()]
    assert pod.raw["environmentVars"] == [*said, {"key": "YOTTALABS_CREATE_TOKEN", "value": token}]
    assert pod.environment_vars == REQUEST["environment_vars"]
    return "found, with the token behind its environment"


def _created_again(client: Client) -> str:
    token = str(uuid4())
    pod_id = client.pods.create(**REQUEST, create_token=token)
    assert client.pods.create(**REQUEST, create_token=token) == pod_id
    listed = sum(pod.create_token == token for pod in client.pods.list())
    assert listed <= 1
    return f"the same pod, listed {'once' if listed else 'never'}"


def _created_otherwise(client: Client) -> str:
    token = str(uuid4())
    pod_id = client.pods.create(**REQUEST, create_token=token)
    try:
        client.pods.create(**{**REQUEST, "image": "debian"}, create_token=token)
    except ConflictError as error:
        assert error.pod_id == pod_id
        return "ConflictError"
    return "success"


def _deleted_pod(client: Client) -> str:
    pod_id = client.pods.create(**REQUEST)
    client.pods.delete(pod_id)
    pod = next((pod for pod in client.pods.list() if pod.id == pod_id), None)
    assert pod is None or not pod.is_active
    return "not listed" if pod is None else "listed, and ending"


def _deleted_twice(client: Client) -> str:
    pod_id = client.pods.create(**REQUEST)
    client.pods.delete(pod_id)
    return _outcome(lambda: client.pods.delete(pod_id))


def _refused_create(client: Client) -> str:
    body = {"image": "ubuntu", "gpuType": "NVIDIA_L4_24G", "gpuCount": 0}
    try:
        client.request("POST", "/openapi/v1/pods/create", json=body)
    except InvalidRequestError as error:
        assert "gpuCount" in error.message, "the offending field is not named"
        return f"InvalidRequestError, HTTP {error.status_code}, code {error.code}"
    except YottaLabsError as error:
        return type(error).__name__
    return "success"


BEHAVIOURS = (
    Behaviour("what of listed pods can be read", _pods_can_be_read),
    Behaviour("fields that the contract does not have", _unknown_fields),
    Behaviour("values that the contract does not allow", _against_the_contract),
    Behaviour("statuses", _statuses),
    Behaviour("how speeds and prices are said", _numbers),
    Behaviour("how times are said", _times),
    Behaviour("a key that nobody knows", _another_key),
    Behaviour("getting a pod that does not exist", _pod_that_is_not_there),
    Behaviour("a path that does not exist", _unknown_path),
    Behaviour("a method that a path does not have", _wrong_method, changes=True),  # who knows what a real API does
    Behaviour("deleting a pod that does not exist", _unknown_pod, changes=True),
    Behaviour("the id of a new pod", _created_id, changes=True),
    Behaviour("a new pod in the list", _created_pod, changes=True),
    Behaviour("finding a new pod by its token", _found_by_its_token, changes=True),
    Behaviour("creating again with a token", _created_again, changes=True),
    Behaviour("creating something else with a token", _created_otherwise, changes=True),
    Behaviour("a deleted pod in the list", _deleted_pod, changes=True),
    Behaviour("deleting a pod twice", _deleted_twice, changes=True),
    Behaviour("a create that the contract forbids", _refused_create, changes=True),
)


def disagreements(seen: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """What is not the same everywhere: for each such behaviour, what was seen at each target."""
    names = [behaviour.name for behaviour in BEHAVIOURS]
    told = {name: {target: looks[name] for target, looks in seen.items() if name in looks} for name in names}
    return {name: looks for name, looks in told.items() if len(set(looks.values())) > 1}


def report(seen: dict[str, dict[str, str]]) -> str:
    """The comparison, for people."""
    targets = " and ".join(seen)
    different = disagreements(seen)
    lines = [f"{targets} agree on {len(BEHAVIOURS) - len(different)} of {len(BEHAVIOURS)} behaviours"]
    for name, looks in different.items():
        lines.append(f"  {name}:")
        lines += [f"    {target}: {saw}" for target, saw in looks.items()]
    return "\n".join(lines)
