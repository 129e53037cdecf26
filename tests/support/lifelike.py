"""A very small API with state, on a real socket, for the examples in the documentation: a pod boots in two looks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from . import contract

STAGES = [("INITIALIZE", False), ("RUNNING", False), ("RUNNING", True)]


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pods: ClassVar[list[dict[str, Any]]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert contract.validator("OpenapiPodCreateRequest").is_valid(body)
        pod = {**contract.documented_pod(), "podName": body.get("podName", "My Pod"), "expose": []}
        pod |= {"id": str(331864222263676929 + len(self.pods)), "looks": -1}
        for number, port in enumerate(body.get("expose", [])):
            pod["expose"].append({"protocol": "TCP", **port, "host": "pods.example", "proxyPort": 32000 + number})
        self.pods.append(pod)
        self._answer(pod["id"])

    def do_GET(self) -> None:
        for pod in self.pods:
            pod["looks"] += 1
            ended = pod.get("deleted")
            status, healthy = ("TERMINATED", False) if ended else STAGES[min(pod["looks"], len(STAGES) - 1)]
            pod["status"] = status
            for port in pod["expose"]:
                port["healthy"] = healthy
        self._answer(self.pods)

    def do_DELETE(self) -> None:
        for pod in self.pods:
            if pod["id"] == self.path.rsplit("/", 1)[1]:
                pod["deleted"] = True
        self._answer(None)

    def _answer(self, data: Any) -> None:
        content = json.dumps({"message": "success", "code": 10000, "data": data}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name that the base class gives it
        """Says nothing."""


@contextmanager
def lifelike_api() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Gives the base URL, and the pods."""
    pods: list[dict[str, Any]] = []
    handler = type("Api", (_Api,), {"pods": pods})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", pods
        finally:
            server.shutdown()
            thread.join(5)
