"""OpenTelemetry's instrumentation of httpx2 sees the requests of a client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from yottalabs_mock import Simulator

Client = Callable[..., Any]


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = HTTPX2ClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield exporter
    instrumentor.uninstrument()
    provider.shutdown()


def test_each_request_is_a_span_without_the_key(make: Client, spans: InMemorySpanExporter) -> None:
    simulator = Simulator()
    with simulator.serve() as base_url, make("canary-key", base_url=base_url) as yotta:
        yotta.pods.list()
        yotta.pods.delete(yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G"))
    found = [dict(span.attributes or {}) for span in spans.get_finished_spans()]
    assert [(each.get("http.method"), each.get("http.status_code")) for each in found] == [
        ("GET", 200),
        ("POST", 200),
        ("DELETE", 200),
    ]
    assert all(str(each.get("http.url")).startswith(base_url) for each in found)
    assert "canary-key" not in repr(found)
    contexts = [span.get_span_context() for span in spans.get_finished_spans()]
    traces = [f"{context.trace_id:032x}" for context in contexts if context is not None]
    assert [request.headers["traceparent"].split("-")[1] for request in simulator.requests] == traces
