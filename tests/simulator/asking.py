"""What these tests ask a simulator, in few words: as HTTP, without the client of this project."""

from __future__ import annotations

from typing import Any, Self

import httpx2
from yottalabs_mock import Simulator

from support.raw import CREATE, LIST

KEY = "a-key"
BODY = {"image": "x", "gpuType": "NVIDIA_L4_24G"}
SUCCESS = 10000
WITHOUT_TLS = False
"""For `verify`: to read the certificates of the machine takes longer than most of these tests."""
NO_POD = 12000
WRONG_STATE = 12001


class Caller:
    """Somebody with a key, in process or over a socket."""

    def __init__(self, simulator: Simulator | str, key: str = KEY) -> None:
        headers = {"x-api-key": key}
        if isinstance(simulator, str):
            self.http = httpx2.Client(base_url=simulator, headers=headers, timeout=10, verify=WITHOUT_TLS)
        else:
            self.http = httpx2.Client(transport=simulator.transport, base_url="http://simulator", headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post(self, fields: Any = BODY) -> httpx2.Response:
        """Asks for a pod."""
        return self.http.post(CREATE, json=fields)

    def create(self, **fields: Any) -> str:
        """Creates a pod; gives its id."""
        answer = self.post({**BODY, **fields}).json()
        assert answer["code"] == SUCCESS, answer
        assert isinstance(answer["data"], str)
        return answer["data"]

    def pods(self) -> list[dict[str, Any]]:
        """The pods in the list."""
        answer = self.http.get(LIST).json()
        assert answer["code"] == SUCCESS, answer
        listed: list[dict[str, Any]] = answer["data"]
        return listed

    def pod(self, pod_id: str) -> dict[str, Any]:
        """A pod in the list."""
        (found,) = (pod for pod in self.pods() if pod["id"] == pod_id)
        return found

    def ids(self) -> list[str]:
        """The ids in the list."""
        return [pod["id"] for pod in self.pods()]

    def delete(self, pod_id: str) -> int:
        """Deletes a pod; gives the code."""
        response = self.http.delete(f"/openapi/v1/pods/{pod_id}")
        assert response.status_code == 200
        code: int = response.json()["code"]
        return code
