"""From the bytes of a list to its pods: reading two fields of each, every field of each; and what they hold."""

from __future__ import annotations

import gc
import json
import re
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
import orjson
from yottalabs._answer import listed, read_answer
from yottalabs._pod import Pod
from yottalabs_api.models import ResultListOpenapiPodDetailResponse
from yottalabs_api.types import parse_json
from yottalabs_api.views import ExposedPort

from .measuring import Contender, Experiment, Goal, Measure, Row, timed
from .peers import POD_FIELDS, PORT_FIELDS, VARIABLE_FIELDS, models, structs
from .pods import list_body
from .scale import Scale
from .stock import stock_models

Getter = Callable[[Any], tuple[Any, ...]]

REFERENCE = "json.loads"
STOCK = "stock generated client"
VARIABLES, PORTS = (list(POD_FIELDS).index(name) for name in ("environmentVars", "expose"))


@dataclass(frozen=True, slots=True)
class Decoder:
    """One way from bytes to pods, and how their fields are read.

    Attributes:
        name: What it is called.
        decode: From the bytes of an answer to the pods.
        id_and_status: Reads two fields of a pod.
        fields: Reads all of a pod, in the order of POD_FIELDS.
        port: Reads all fields of an exposed port.
        variable: Reads name and value of an environment variable; None where the field gives a mapping already.
    """

    name: str
    decode: Callable[[bytes], Sequence[Any]]
    id_and_status: Getter
    fields: Getter
    port: Getter
    variable: Getter | None

    def ids_and_statuses(self, pods: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
        """Reads two fields of each pod."""
        return map(self.id_and_status, pods)

    def every_field(self, pods: Iterable[Any]) -> Iterator[tuple[Any, Any, Any]]:
        """Reads every field of every pod once, those of nested objects too."""
        fields, port, variable = self.fields, self.port, self.variable
        for pod in pods:
            values = fields(pod)
            variables = values[VARIABLES]
            yield (
                values,
                variables if variable is None else [variable(item) for item in variables],
                [port(item) for item in values[PORTS]],
            )


def _decode_ours(body: bytes) -> Sequence[Any]:
    """What `client.pods.list()` does with the bytes of an answer."""
    return listed(read_answer(200, {}, body)).pods


def _decode_generated(body: bytes) -> Sequence[Any]:
    answer = ResultListOpenapiPodDetailResponse.from_dict(parse_json(body))
    assert isinstance(answer.data, list)
    return answer.data


def decoders() -> list[Decoder]:
    """Every way, ours first."""
    own_names = {json_name: name for name, json_name in Pod.json_names.items()}
    own_port_names = {json_name: name for name, json_name in ExposedPort.json_names.items()}
    own = attrgetter(*(own_names[name] for name in POD_FIELDS))
    own_port = attrgetter(*(own_port_names[name] for name in PORT_FIELDS))
    keys = (itemgetter("id", "status"), *(itemgetter(*names) for names in (POD_FIELDS, PORT_FIELDS, VARIABLE_FIELDS)))
    names = (attrgetter("id", "status"), *(attrgetter(*names) for names in (POD_FIELDS, PORT_FIELDS, VARIABLE_FIELDS)))
    snakes = (
        attrgetter("id", "status"),
        *(attrgetter(*map(_in_snake_case, names)) for names in (POD_FIELDS, PORT_FIELDS, VARIABLE_FIELDS)),
    )
    untyped, struct = msgspec.json.Decoder(), msgspec.json.Decoder(structs().answer)
    model, stock = models().answer, stock_models().ResultListOpenapiPodDetailResponse
    return [
        Decoder("ours", _decode_ours, attrgetter("id", "status"), own, own_port, None),
        Decoder(REFERENCE, lambda body: _data(json.loads(body)), *keys),
        Decoder("orjson", lambda body: _data(orjson.loads(body)), *keys),
        Decoder("msgspec, untyped", lambda body: _data(untyped.decode(body)), *keys),
        Decoder("msgspec Struct", lambda body: _data_of(struct.decode(body)), *names),
        Decoder("pydantic model", lambda body: _data_of(model.model_validate_json(body)), *names),
        Decoder("generated from_dict", _decode_generated, *snakes),
        Decoder(STOCK, lambda body: _data_of(stock.from_dict(json.loads(body))), *snakes),
    ]


def decoder(name: str) -> Decoder:
    """The way of a name."""
    return next(one for one in decoders() if one.name == name)


def experiments(scale: Scale) -> Iterator[Experiment]:
    """Everything about decoding but how it grows."""
    count = scale.pods
    body = list_body(count)
    yield Experiment(
        [Contender(one.name, timed(partial(read_two, one, body)), partial(_two, one, body)) for one in decoders()],
        [Row(f"list of {count:,} pods, id and status of each read", REFERENCE, Goal("at most", 1.0))],
        scale.rounds,
    )
    yield Experiment(
        [Contender(one.name, timed(partial(read_all, one, body)), partial(_all, one, body)) for one in decoders()],
        [Row(f"list of {count:,} pods, every field of each read", REFERENCE, Goal("at most", 2.0))],
        scale.rounds,
    )
    own = list_body(count, own_figures=True)
    yield Experiment(
        [
            Contender(one.name, timed(partial(read_all, one, own)), partial(_all, one, own))
            for one in decoders()
            if one.name in {"ours", REFERENCE}
        ],
        [Row("the same, prices and speeds of each pod its own", REFERENCE, Goal("at most", 2.0))],
        scale.rounds,
    )
    yield _from_dict(scale, body)
    yield _memory(count, body, scale, Goal("at most", 1.1))


def _from_dict(scale: Scale, body: bytes) -> Experiment:
    ours, stock = ResultListOpenapiPodDetailResponse, stock_models().ResultListOpenapiPodDetailResponse
    parsed = json.loads(body)
    return Experiment(
        [
            Contender("ours", timed(lambda: ours.from_dict(parsed)), lambda: ours.from_dict(parsed).to_dict()),
            Contender(STOCK, timed(lambda: stock.from_dict(parsed)), lambda: stock.from_dict(parsed).to_dict()),
        ],
        [Row(f"generated from_dict of {scale.pods:,} pods", STOCK, Goal("at most", 0.35))],
        scale.rounds,
    )


def memory_of_many(scale: Scale) -> Experiment:
    """What very many pods hold."""
    count = scale.many_pods
    return _memory(count, list_body(count), scale, None)


def _memory(count: int, body: bytes, scale: Scale, goal: Goal | None) -> Experiment:
    """What pods hold, of those ways that people would choose between; for each pod."""
    names = ("ours", REFERENCE, "msgspec Struct", STOCK)
    chosen = [one for one in decoders() if one.name in (names if goal else names[:2])]
    return Experiment(
        [Contender(one.name, _held(one, body, count)) for one in chosen],
        [Row(f"memory held by {count:,} pods, for each", REFERENCE, goal)],
        # A count of bytes: the rounds differ by what the caches of the interpreter happen to hold.
        min(scale.rounds, 3) if goal else 1,
        "B",
    )


def _held(one: Decoder, body: bytes, count: int) -> Measure:
    """Measures the memory that pods hold when everything else of their answer is gone."""

    def measure() -> float:
        one.decode(list_body(1))  # whatever is made once and kept
        gc.collect()
        tracemalloc.start()
        try:
            # Bytes of its own, so that pods which kept them would be seen to.
            pods = one.decode(bytes(bytearray(body)))
            gc.collect()
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(pods) == count
        return held / count

    return measure


def read_two(one: Decoder, body: bytes) -> object:
    """The pods, of each of which two fields have been read."""
    pods = one.decode(body)
    deque(one.ids_and_statuses(pods), maxlen=0)
    return pods


def read_all(one: Decoder, body: bytes) -> object:
    """The pods, of each of which every field has been read."""
    pods = one.decode(body)
    deque(one.every_field(pods), maxlen=0)
    return pods


# --- What is compared before anything is measured ---------------------------------------------------------------------


def _two(one: Decoder, body: bytes) -> object:
    return [tuple(map(plain, pair)) for pair in one.ids_and_statuses(one.decode(body))]


def _all(one: Decoder, body: bytes) -> object:
    return [_plain_pod(*parts) for parts in one.every_field(one.decode(body))]


def _plain_pod(values: tuple[Any, ...], variables: Any, ports: Any) -> object:
    simple = [plain(value) for index, value in enumerate(values) if index not in {VARIABLES, PORTS}]
    pairs = list(variables.items()) if isinstance(variables, dict) else variables
    return simple, [tuple(map(plain, pair)) for pair in pairs], [tuple(map(plain, port)) for port in ports]


def plain(value: Any) -> Any:
    """A value as JSON has it: an enumeration as its text, a Decimal as the number that was sent."""
    if isinstance(value, Enum):
        return value.value
    return float(value) if isinstance(value, Decimal) else value


def _data(answer: Any) -> list[Any]:
    found: list[Any] = answer["data"]
    return found


def _data_of(answer: Any) -> list[Any]:
    found: list[Any] = answer.data
    return found


def _in_snake_case(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()
