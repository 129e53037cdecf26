"""Wire fidelity: does the client put on the wire what the caller said, and give back what came?

Each case (made by schemathesis from the contract, or directed at one goal of `coverage.py`) is said four times, to the
generated client and to the overlay, synchronously and asynchronously. Method, path, query, headers and body of what
they send are compared with the case; whoever is asked, Prism or the simulator, must accept it; the answer must
validate, and what was parsed from it must re-serialise to what came.

Of a create, the overlay adds one thing to what the caller said: its token, one more environment variable behind all
others, a new one for each create. The caller can leave it out. Each create is said both ways: with the token by the
synchronous overlay and without it by the asynchronous one, and with the next create the other way round. No case has a
variable of that name by chance; if one had, the overlay's refusal of it would be a finding.

`python -m contract.fidelity BASE_URL CASES` runs it by itself and prints a report as JSON; that is how mutants are run.
With `--follow`, pods that were created are listed and deleted, for those who have a memory; that is done with a part of
the cases, since there are three times as many requests. With `--until FINDING`, it ends with the case that shows it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any, Self
from urllib.parse import unquote

from . import coverage
from support import contract, tokens
from support.scripted import VirtualClock
from support.wire import AsyncRecorder, Exchanged, Recorder, differences, header_differences

PYTHON_NAMES_THAT_DIFFER = {"podName": "name"}
OWN_VARIABLES = {tokens.TOKEN, "YOTTALABS_LEASE"}
RANDOM_CASES = 60  # per operation
FOLLOWED = 10  # one case of so many
RESULT_SCHEMAS = {
    "createPod": "ResultString",
    "listPods": "ResultListOpenapiPodDetailResponse",
    "deletePod": "ResultVoid",
}


@dataclass(frozen=True)
class Case:
    """A request to make: which, with what body or path parameter, with which key."""

    operation: str
    body: Any
    pod_id: str
    api_key: str


@dataclass
class Report:
    """What a run found."""

    cases: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    tokens: set[str] = field(default_factory=set)
    seen: set[coverage.Goal] = field(default_factory=set)
    findings: list[str] = field(default_factory=list)

    @property
    def missed(self) -> list[str]:
        return [str(goal) for goal in coverage.goals() if goal not in self.seen]

    def __str__(self) -> str:
        goals = coverage.goals()
        fields = sorted({goal.field for goal in goals})
        cases = ", ".join(f"{name} {count}" for name, count in sorted(self.cases.items()))
        return (
            f"wire fidelity: {sum(self.cases.values())} cases ({cases}), {self.sent} requests sent, "
            f"{len(self.tokens)} with a token\n"
            f"fields: {len(fields)} ({', '.join(fields)})\n"
            f"goals reached: {len(goals) - len(self.missed)} of {len(goals)}"
            + "".join(f"\n  missed: {goal}" for goal in self.missed)
            + "".join(f"\n  finding: {finding}" for finding in self.findings[:20])
        )


def snake_case(name: str) -> str:
    """The Python name of a field, worked out by the tests themselves."""
    return "".join(f"_{character.lower()}" if character.isupper() else character for character in name)


# --- Cases ------------------------------------------------------------------------------------------------------------


def cases(random_cases: int) -> Iterator[Case]:
    """Directed cases first, then schemathesis's."""
    keys = random.Random(0)
    # Few first, so that each operation comes soon: a mutant's run ends when it is caught.
    yield Case("listPods", None, "", _key(keys))
    for pod_id in (
        "331864222263676928",
        "...",
        "a b",
        "50%",
        "%41",
        "a?b=c",
        "a#b",
        "a;b",
        "ä/ö".replace("/", "%2F"),
        "a\\b",
        "+",
    ):
        yield Case("deletePod", None, pod_id, _key(keys))
    for body in coverage.directed_bodies():
        yield Case("createPod", body, "", _key(keys))
    import schemathesis  # late: most mutants are caught before it is needed, and it takes longer to load than they do

    schema = schemathesis.openapi.from_path(str(contract.ROOT / "openapi.yaml"))
    for operation_id in contract.OPERATIONS:
        operation = schema.find_operation_by_id(operation_id)
        yield from _generated_cases(operation, random_cases, keys)


def _generated_cases(operation: Any, count: int, keys: random.Random) -> list[Case]:
    import hypothesis

    drawn: list[Case] = []

    @hypothesis.settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
    )
    @hypothesis.given(case=operation.as_strategy())
    def draw(case: Any) -> None:
        body = json.loads(json.dumps(case.body)) if operation.body else None
        pod_id = str((case.path_parameters or {}).get("podId", ""))
        drawn.append(Case(operation.definition.raw["operationId"], body, pod_id, _key(keys)))

    draw()
    return drawn


def _key(keys: random.Random) -> str:
    return "".join(keys.choice("abcXYZ019-_.~!$&'()*+,;=:@/?%\"<>[]{}|^`#") for _ in range(keys.randint(1, 40)))


# --- Speakers: a case, said to one of the clients ---------------------------------------------------------------------


class Speakers:
    """The generated client and the overlay, synchronous and asynchronous, each over a recording transport.

    Attributes:
        with_token: Which of the two overlays leaves the token in its creates.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.with_token = "overlay"
        self.recorder = Recorder()
        self.async_recorder = AsyncRecorder()
        self.loop = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.recorder.close()
        self.loop.run(self.async_recorder.aclose())
        self.loop.close()

    def all(self) -> dict[str, Callable[[Case, str], tuple[Exchanged, Any]]]:
        """Each gives what was exchanged, and the answer's `data` as the client gives it back, as JSON."""
        return {
            "generated": self.generated,
            "generated async": self.generated_async,
            "overlay": self.overlay,
            "overlay async": self.overlay_async,
        }

    def generated(self, case: Case, prefer: str) -> tuple[Exchanged, Any]:
        import httpx2
        from yottalabs_api import AuthenticatedClient

        self.recorder.prefer = prefer
        client = AuthenticatedClient(base_url=self.base_url, token=case.api_key)
        client.set_httpx_client(httpx2.Client(base_url=self.base_url, transport=self.recorder))
        module, arguments = _generated_call(case)
        response = module.sync_detailed(**arguments, client=client)
        return self.recorder.take(), response.parsed.to_dict()

    def generated_async(self, case: Case, prefer: str) -> tuple[Exchanged, Any]:
        import httpx2
        from yottalabs_api import AuthenticatedClient

        async def speak() -> Any:
            client = AuthenticatedClient(base_url=self.base_url, token=case.api_key)
            client.set_async_httpx_client(httpx2.AsyncClient(base_url=self.base_url, transport=self.async_recorder))
            module, arguments = _generated_call(case)
            return await module.asyncio_detailed(**arguments, client=client)

        self.async_recorder.prefer = prefer
        response = self.loop.run(speak())
        return self.async_recorder.take(), response.parsed.to_dict()

    def overlay(self, case: Case, prefer: str) -> tuple[Exchanged, Any]:
        from yottalabs import YottaLabs

        def speak() -> Any:
            # In virtual time, what a mutant makes the client send again is sent at once.
            client = YottaLabs(case.api_key, base_url=self.base_url, transport=self.recorder, clock=VirtualClock())
            if case.operation == "createPod":
                return client.pods.create(**arguments(case.body), **self._token_of("overlay"))
            if case.operation == "listPods":
                return [_told(pod) for pod in client.pods.list()]
            client.pods.delete(case.pod_id)
            return None

        self.recorder.prefer = prefer
        data = _answered(speak)
        return self.recorder.take(), data

    def overlay_async(self, case: Case, prefer: str) -> tuple[Exchanged, Any]:
        from yottalabs import AsyncYottaLabs

        async def speak() -> Any:
            client = AsyncYottaLabs(
                case.api_key, base_url=self.base_url, transport=self.async_recorder, clock=VirtualClock()
            )
            if case.operation == "createPod":
                return await client.pods.create(**arguments(case.body), **self._token_of("overlay async"))
            if case.operation == "listPods":
                return [_told(pod) for pod in await client.pods.list()]
            await client.pods.delete(case.pod_id)
            return None

        self.async_recorder.prefer = prefer
        data = _answered(lambda: self.loop.run(speak()))
        return self.async_recorder.take(), data

    def _token_of(self, name: str) -> dict[str, Any]:
        """The argument of a create that one overlay says."""
        return {} if name == self.with_token else {"create_token": None}


def _told(pod: Any) -> Any:
    """The JSON of a pod, which must have everything; of the variables, the pod tells all but those of our own."""
    pairs = [(entry["key"], entry["value"]) for entry in pod.raw["environmentVars"] or ()]
    others = {name: value for name, value in pairs if name not in OWN_VARIABLES}
    assert pod.environment_vars == others, f"environment_vars: expected {others}, was {pod.environment_vars}"
    token = dict(pairs).get(tokens.TOKEN)
    assert pod.create_token == token, f"create_token: expected {token}, was {pod.create_token}"
    return pod.raw


def _answered(speak: Callable[[], Any]) -> Any:
    """What the overlay makes of an answer; where it is a business failure, what it says of it."""
    from yottalabs import APIError

    try:
        return speak()
    except APIError as error:
        if error.status_code != 200:
            raise
        return {"code": error.code, "message": error.message}


def _generated_call(case: Case) -> tuple[Any, dict[str, Any]]:
    from yottalabs_api.api.pods import create_pod, delete_pod, list_pods
    from yottalabs_api.models import OpenapiPodCreateRequest

    if case.operation == "createPod":
        return create_pod, {"body": OpenapiPodCreateRequest.from_dict(case.body)}
    return (list_pods, {}) if case.operation == "listPods" else (delete_pod, {"pod_id": case.pod_id})


def arguments(body: dict[str, Any]) -> dict[str, Any]:
    """A body as a caller of the overlay writes it, in its friendly forms."""
    friendly = {PYTHON_NAMES_THAT_DIFFER.get(name, snake_case(name)): value for name, value in body.items()}
    if "environment_vars" in friendly:
        friendly["environment_vars"] = [_pair(item, ("key", "value")) for item in body["environmentVars"]]
    if "expose" in friendly:
        friendly["expose"] = [_port(item) for item in body["expose"]]
    return friendly


def _pair(item: dict[str, Any], names: tuple[str, str]) -> Any:
    return (item[names[0]], item[names[1]]) if set(item) == set(names) else item


def _port(item: dict[str, Any]) -> Any:
    if not isinstance(item["port"], int):
        return item  # JSON Schema takes 22.0 for an integer; only the JSON form can say it
    if set(item) == {"port"} and item["port"] != 22:
        return item["port"]
    if item == {"port": 22, "protocol": "SSH"}:
        return 22
    return (item["port"], item.get("protocol"))


# --- Comparison -------------------------------------------------------------------------------------------------------


def compare(
    case: Case, exchanged: Exchanged, data: Any, *, whole_envelope: bool, with_token: bool = False
) -> list[str]:
    """Everything in which what happened differs from the case, and from what the overlay adds to it."""
    path, method = contract.OPERATIONS[case.operation]
    raw_path, _, query = exchanged.raw_path.decode("ascii").partition("?")
    segments = [unquote(segment) for segment in raw_path.split("/")]
    expected = [case.pod_id if segment == "{podId}" else segment for segment in path.split("/")]
    findings = (
        [] if exchanged.method == method.upper() else [f"method: expected {method.upper()}, was {exchanged.method}"]
    )
    if segments != expected:
        findings.append(f"path{'.podId' if case.pod_id else ''}: expected {expected}, was {segments}")
    if query:
        findings.append(f"query: expected none, was {query}")
    headers = {"x-api-key": case.api_key} | ({} if case.body is None else {"content-type": "application/json"})
    findings += header_differences(headers, exchanged.headers, exchanged.body)
    if case.body is None:
        findings += ["body: expected none"] if exchanged.body else []
    else:
        sent = json.loads(exchanged.body)
        findings += _own_findings(sent, with_token=with_token)
        findings += differences(tokens.with_token(case.body, sent) if with_token else case.body, sent, "body")
    if exchanged.status != 200:
        return [*findings, f"refused with {exchanged.status}: {exchanged.answer.decode()[:300]}"]
    answer = json.loads(exchanged.answer)
    errors = contract.validator(RESULT_SCHEMAS[case.operation]).iter_errors(answer)
    findings += [f"answer: {error.message}" for error in errors]
    if whole_envelope:
        return findings + differences(answer, data, "answer")
    if answer["code"] != 10000:
        return findings + differences({"code": answer["code"], "message": answer["message"]}, data, "answer")
    expected_data = {"createPod": str(answer["data"]), "listPods": answer["data"], "deletePod": None}[case.operation]
    return findings + differences(expected_data, data, "answer.data")


def _own_findings(sent: Any, *, with_token: bool) -> list[str]:
    """What is wrong with the variables of our own, in words that a mutant can be told by."""
    names = [entry.get("key") if isinstance(entry, dict) else None for entry in tokens.variables(sent)]
    findings = [f"own variables: {name} not expected" for name in OWN_VARIABLES - {tokens.TOKEN} if name in names]
    if names.count(tokens.TOKEN) != with_token:
        findings.append(
            f"own variables: {tokens.TOKEN} expected {int(with_token)} times, was {names.count(tokens.TOKEN)} times"
        )
    elif with_token and names[-1] != tokens.TOKEN:
        findings.append(f"own variables: {tokens.TOKEN} expected behind the others, was at {names.index(tokens.TOKEN)}")
    return findings


def _seen(case: Case, exchanged: Exchanged) -> Iterator[coverage.Goal]:
    if case.operation == "createPod":
        yield from coverage.seen(json.loads(exchanged.body))
    elif case.operation == "deletePod":
        yield coverage.Goal("podId", "present")
        if b"%" in exchanged.raw_path:
            yield coverage.Goal("podId", "escaped")


Follow = Callable[[Case, Exchanged], Iterable[Case]]
"""The cases that follow from one and from what was last exchanged about it."""


def life(case: Case, exchanged: Exchanged) -> Iterator[Case]:
    """A pod that was created is listed, and then deleted: by the first speaker, and in vain by the others."""
    if case.operation == "createPod":
        yield Case("listPods", None, "", case.api_key)
        yield Case("deletePod", None, json.loads(exchanged.answer)["data"], case.api_key)


def is_named(finding: str, what: str) -> bool:
    """Whether a finding begins with something, after the speaker and the operation."""
    return finding.partition(": ")[2].startswith(what)


def run(
    base_url: str,
    random_cases: int = RANDOM_CASES,
    follow: Follow | None = None,
    one_of: int = 1,
    until: str | None = None,
) -> Report:
    """Says every case to every speaker, with each documented success as the answer in turn, where Prism answers.

    Args:
        base_url: Of whoever is asked.
        random_cases: How many cases of each operation there are, besides the directed ones.
        follow: Tells what follows from a case.
        one_of: For a part of the cases: one of so many.
        until: The finding with which it ends, if it comes: what `is_named` is given.
    """
    report = Report()
    with Speakers(base_url) as speakers, warnings.catch_warnings():
        # A client that warns of a documented value is as wrong as one that sends another.
        warnings.simplefilter("error")
        for case in islice(cases(random_cases), 0, None, one_of):
            before = len(report.findings)
            _say(report, speakers, case, follow)
            if until is not None and any(is_named(finding, until) for finding in report.findings[before:]):
                break
    return report


def _say(report: Report, speakers: Speakers, case: Case, follow: Follow | None) -> None:
    number = report.cases.total()
    report.cases[case.operation] += 1
    speakers.with_token = ("overlay", "overlay async")[report.cases["createPod"] % 2]
    answers = _successes(case.operation)
    prefer = f"example={answers[number % len(answers)]}"
    in_turn = deque(speakers.all().items())
    in_turn.rotate(number)  # where there is memory, who comes first may get another answer
    last: Exchanged | None = None
    for name, speak in in_turn:
        with_token = case.operation == "createPod" and name == speakers.with_token
        try:
            exchanged, data = speak(case, prefer)
        # What was sent is compared all the same.
        except Exception as error:  # noqa: BLE001  # a mutant may fail in any way
            recorder = speakers.async_recorder if name.endswith("async") else speakers.recorder
            found = [f"{type(error).__name__}: {error}"[:300]]
            for exchanged in recorder.exchanged:
                found += compare(case, exchanged, None, whole_envelope=False, with_token=with_token)
            recorder.exchanged.clear()
        else:
            report.sent += 1
            found = compare(case, exchanged, data, whole_envelope=name.startswith("generated"), with_token=with_token)
            if with_token:
                found += _token_before(report, exchanged)
            else:  # a token of our own is no variable of the caller's
                report.seen.update(_seen(case, exchanged))
            last = exchanged
        report.findings += [f"{name}, {case.operation}: {line}" for line in found]
    for following in follow(case, last) if follow and last else ():
        _say(report, speakers, following, follow)


@cache
def _successes(operation: str) -> list[str]:
    """The names of the documented successes."""
    return list(contract.successes(operation))


def _token_before(report: Report, exchanged: Exchanged) -> list[str]:
    """Notes a token; two creates never have the same."""
    token = tokens.token_of(json.loads(exchanged.body))
    if token is None:
        return []  # which was found already
    before = token in report.tokens
    report.tokens.add(token)
    return ["own variables: a token was sent twice"] if before else []


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("cases", type=int)
    parser.add_argument("--follow", action="store_true")
    parser.add_argument("--until")
    given = parser.parse_args()
    outcome = run(
        given.base_url,
        given.cases,
        follow=life if given.follow else None,
        one_of=FOLLOWED if given.follow else 1,
        until=given.until,
    )
    print(json.dumps({"findings": outcome.findings[:200], "missed": outcome.missed, "sent": outcome.sent}))
