"""What the API does when nothing goes wrong on the way: it creates pods, lists them and deletes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ._catalogue import CREATE, DELETE, LIST, Fault
from ._contract import Contract, Operation
from ._dialect import Dialect, Style
from ._faults import Rule
from ._lifecycle import IllegalTransitionError, Life, Times
from ._messages import (
    NO_POD,
    SUCCESS,
    WRONG_STATE,
    Answer,
    BusinessFailure,
    Refusal,
    Request,
    json_answer,
    refused,
)
from ._minting import Mint, SSHServer
from ._organisations import Organisations
from ._pods import NoRoomError, Pods, SimulatedPod, World


@dataclass(frozen=True)
class Call:
    """A request for an operation, checked in every way.

    Attributes:
        operation: The operation.
        owner: The id of the organisation that asks.
        parameters: The parameters in the path.
        body: The body.
        style: How the answer is said.
        twist: The fault that happens to it, which may change what the operation does.
    """

    operation: Operation
    owner: str
    parameters: Mapping[str, str]
    body: Any = field(repr=False)
    style: Style
    twist: Rule | None = None

    def option(self, fault: Fault, name: str) -> Any:
        """An option of a fault if that is what happens to the call, else None."""
        return self.twist.options[name] if self.twist is not None and self.twist.fault == fault else None

    def suffers(self, fault: Fault) -> bool:
        """Whether that is what happens to the call."""
        return self.twist is not None and self.twist.fault == fault


class Api:
    """The API, over its pods. For whoever holds the world's lock."""

    def __init__(
        self,
        contract: Contract,
        world: World,
        organisations: Organisations,
        dialect: Dialect,
        times: Times,
        seed: int,
        ssh: SSHServer | None,
    ) -> None:
        self.world = world
        self.pods = Pods(world)
        self.mint = Mint(ssh=ssh)
        self.times = times
        self.organisations = organisations
        self._contract = contract
        self._dialect = dialect
        self._seed = seed
        self._does: Mapping[str, Callable[[Call], Any]] = {
            CREATE: self._create,
            LIST: self._list,
            DELETE: self._delete,
        }

    def read(self, operation: Operation, encoded: Mapping[str, str], request: Request) -> Call | Refusal:
        """What a request asks for, or why it is refused. Nothing is done yet.

        Args:
            operation: What the request is for.
            encoded: The parameters in its path, as they came.
            request: The request.
        """
        key = next((request.headers[name] for name in operation.key_headers if name in request.headers), "").strip()
        try:
            self._check_known(operation)
            owner = self.organisations.of(key)
            parameters = self._contract.read_parameters(operation, encoded)
            body = self._contract.read_body(operation, request)
        except Refusal as refusal:
            return refusal
        return Call(operation, owner, parameters, body, self._dialect.style())

    def answer(self, asked: Call | Refusal, twist: Rule | None = None) -> Answer:
        """What the API answers to what was asked.

        Args:
            asked: What `read` gave.
            twist: The fault that happens to it.
        """
        if isinstance(asked, Refusal):
            return refused(asked.status, asked.message, asked.headers)
        style = asked.style
        try:
            data = self._does[asked.operation.id](replace(asked, twist=twist))
        except BusinessFailure as failure:
            return json_answer(200, style.envelope(failure.message, failure.code, None))
        return json_answer(200, style.envelope("success", SUCCESS, data))

    def _check_known(self, operation: Operation) -> None:
        """The contract may have an operation that nobody has told the simulator of."""
        if operation.id not in self._does:
            raise Refusal(501, f"the simulator does not know how {operation.id} is done")

    def new_life(self, pod_id: str, now: float) -> Life:
        """The life of a pod that begins now."""
        return Life(pod_id, self.times, self._seed, now)

    def _create(self, call: Call) -> Any:
        now = self.world.now()
        document = self.mint.pod(call.body, call.operation.defaults, call.owner, self.world.date(now))
        life = self.new_life(document["id"], now)
        life.fails = call.suffers(Fault.POD_FAILS)
        if call.suffers(Fault.POD_STUCK):
            life.stay()
        pod = SimulatedPod(self.world, call.owner, document, life)
        lag = call.option(Fault.LIST_LAGS, "seconds")
        if lag is not None:
            pod.hidden = life.timer("hidden", lag, now)
        try:
            self.pods.add(pod)
        except NoRoomError as error:
            raise BusinessFailure(WRONG_STATE, str(error)) from None
        pod.settle(now)
        return None if call.suffers(Fault.NULL_DATA) else call.style.created_data(pod.show())

    def _list(self, call: Call) -> Any:
        now = self.world.now()
        shown: list[SimulatedPod] = []
        for pod in self.pods.of(call.owner):
            if pod.hidden.at <= now:
                shown.append(pod)
            else:
                pod.hidden.read(now)
        data = call.style.listed_data([pod.show() for pod in shown])
        for pod in shown:
            pod.settle(now).read(now)
        status = call.option(Fault.UNKNOWN_STATUS, "status")
        if status is not None:
            data = [{**pod, "status": status} for pod in data]
        return None if call.suffers(Fault.NULL_DATA) else data

    def _delete(self, call: Call) -> Any:
        pod = self.pods.find(call.owner, call.parameters["podId"])
        if pod is None:
            raise BusinessFailure(NO_POD, "pod does not exist")
        try:
            pod.delete()
        except IllegalTransitionError:
            message = f"resource status invalid: the pod is {pod.status}"
            raise BusinessFailure(WRONG_STATE, message) from None
        return call.style.deleted_data()
