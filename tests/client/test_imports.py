"""What an import costs: the heavy libraries are loaded by the first client, not by `import yottalabs`."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_type_hints

import httpx2
import pytest
import yottalabs


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import yottalabs",
        "from yottalabs import *",
        "from yottalabs import YottaLabs, AsyncYottaLabs, Pod, PodStatus, APIError, CreateParams",
        "import yottalabs_api",
        "from yottalabs_api.models import PodStatus",
    ],
)
def test_an_import_loads_neither_httpx_nor_attrs_nor_tenacity(code: str) -> None:
    assert loaded_after(code).isdisjoint({"httpx2", "httpcore2", "attr", "attrs", "anyio", "jiter", "ssl", "tenacity"})


def test_a_client_loads_them() -> None:
    assert {"httpx2", "attrs", "tenacity"} <= loaded_after("from yottalabs import YottaLabs; YottaLabs('k')")


def test_a_simulator_in_process_loads_neither_a_client_nor_an_event_loop() -> None:
    code = """
from yottalabs_mock import Simulator
from yottalabs_mock._messages import Request
request = Request("GET", "/openapi/v1/pods/list", {"x-api-key": "any-key"}, b"")
assert Simulator().exchange(request).answer.status == 200"""
    assert loaded_after(code).isdisjoint({"httpx2", "asyncio", "anyio", "uvicorn", "yottalabs"})


def test_the_generated_package_loads_nothing_of_ours() -> None:
    code = "from yottalabs_api import AuthenticatedClient; from yottalabs_api.api.pods import create_pod"
    assert not {name for name in loaded_after(code) if name.split(".")[0] == "yottalabs"}


def test_every_public_name_is_there_and_documented() -> None:
    for name in yottalabs.__all__:
        value = getattr(yottalabs, name)
        assert name in dir(yottalabs)
        assert not isinstance(value, type) or value.__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'Pods'"):
        getattr(yottalabs, "Pods")  # noqa: B009  # a type checker knows that it is not there


def public(owner: Any) -> Iterator[tuple[str, Any]]:
    """The public classes and functions of a module, and of those classes the public methods and properties."""
    for name in getattr(owner, "__all__", None) or [name for name in dir(owner) if not name.startswith("_")]:
        yield from annotated(f"{owner.__name__}.{name}", getattr(owner, name))


def annotated(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, property):
        yield name, value.fget
    elif isinstance(value, staticmethod | classmethod):
        yield name, value.__func__
    elif inspect.isfunction(value):
        yield name, value
    elif inspect.isclass(value) and value.__module__.startswith("yottalabs"):
        yield name, value
        for member in ("__init__", *(each for each in dir(value) if not each.startswith("_"))):
            yield from annotated(f"{name}.{member}", inspect.getattr_static(value, member))


def test_type_hints_of_all_that_is_public_are_to_be_had() -> None:
    import yottalabs_api
    import yottalabs_api.client
    import yottalabs_api.models
    import yottalabs_api.params
    import yottalabs_api.types
    import yottalabs_api.views
    import yottalabs_mock
    from yottalabs._async import pods as async_pods
    from yottalabs._sync import pods as sync_pods

    modules: list[Any] = [yottalabs, yottalabs_mock, yottalabs_api, yottalabs_api.client, yottalabs_api.models]
    modules += [yottalabs_api.params, yottalabs_api.types, yottalabs_api.views]
    values = [each for module in modules for each in public(module)]
    values += [*annotated("Pods", sync_pods.Pods), *annotated("AsyncPods", async_pods.AsyncPods)]
    found = {name: get_type_hints(value) for name, value in values}
    assert {"yottalabs.YottaLabs.__init__", "Pods.create", "AsyncPods.wait", "yottalabs.PodFailedError"} <= set(found)
    assert found["yottalabs.YottaLabs.pods"] == {"return": sync_pods.Pods}
    assert found["yottalabs.AsyncYottaLabs.__init__"]["transport"] == httpx2.AsyncBaseTransport | None


def test_the_two_clients_have_the_same_face() -> None:
    from yottalabs import AsyncYottaLabs, YottaLabs
    from yottalabs._async.pods import AsyncPods
    from yottalabs._sync.pods import Pods

    renamed = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__"}
    for asynchronous, synchronous in ((AsyncYottaLabs, YottaLabs), (AsyncPods, Pods)):
        names = {renamed.get(name, name) for name in vars(asynchronous)}
        # copyreg adds `__slotnames__` to a class of which an instance was copied.
        assert names - {"__slotnames__"} == set(vars(synchronous)) - {"__slotnames__"}
