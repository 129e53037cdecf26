"""The simulator: a function from a request to what becomes of it, and what a test does with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from . import _control, _state
from ._access import Access
from ._api import Api, Call
from ._clock import Clock, RealClock, VirtualClock
from ._contract import Operation, load_contract
from ._dialect import Dialect, DialectName
from ._faults import Faults, Rule
from ._journal import Journal, RecordedRequest
from ._lifecycle import Times
from ._messages import Answer, Outcome, Refusal, Request, refused
from ._minting import SSHServer
from ._mishaps import outcome_of
from ._organisations import ApiKeys, Organisations
from ._pods import Pods, World

if TYPE_CHECKING:
    from . import _app, _transport
else:

    class _Lazy:
        """A module that `typing.get_type_hints` imports, and nothing before: httpx2 and asyncio are slow to import."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> object:
            return getattr(import_module(self._name, __package__), name)

    _app, _transport = _Lazy("._app"), _Lazy("._transport")


class Simulator:
    """The API, simulated: pods that boot, run, fail and go away, and an API that misbehaves on demand.

    Use it without a socket, `YottaLabs("any-key", transport=sim.transport, clock=sim.clock)`, or over one, with
    `sim.serve()`. It may be used from many threads and tasks at once.

    Args:
        api_keys: The keys that are accepted, each with an organisation of its own; or a mapping from keys to the names
            of their organisations. By default, any key is accepted. A key sees the pods of its own organisation.
        clock: "virtual": time passes when somebody waits on `sim.clock`, and then at once; "real"; or a clock.
        times: How long each part of a pod's life takes.
        dialect: How the answers are said: "documented", by the contract; "later", in the forms of newer material; or
            "chaos", each answer in another.
        seed: What chance begins with, for ranges of time, faults by probability, and dialects.
        ssh: A real SSH server that the SSH ports of pods lead to, as "user@127.0.0.1:2222"; an IPv6 address is in
            brackets. By default, they lead nowhere.
        allow_hosts: The hosts, without ports, that requests over a socket and to `app` may name in the header `Host`
            besides those of this machine: localhost and the loopback addresses.
        allow_origins: The origins, such as "http://localhost:3000", whose web pages may send requests over a socket
            and to `app`. The paths of `/_mock/` answer none of them.

    Raises:
        ValueError: An argument cannot be right.
    """

    def __init__(
        self,
        *,
        api_keys: ApiKeys | None = None,
        clock: Literal["virtual", "real"] | Clock = "virtual",
        times: Times | None = None,
        dialect: DialectName = "documented",
        seed: int = 0,
        ssh: str | None = None,
        allow_hosts: Iterable[str] = (),
        allow_origins: Iterable[str] = (),
    ) -> None:
        if not isinstance(times, Times | None):
            raise ValueError(f"times is {times!r}; it must be Times(…)")  # noqa: TRY004  # as for every other one
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise ValueError(f"seed is {seed!r}; it must be a whole number")  # noqa: TRY004  # as above
        self._ssh = None if ssh is None else SSHServer.read(ssh)
        self._access = Access(allow_hosts, allow_origins)
        self._contract = load_contract()
        self._key_headers = [name for operation in self._contract.operations for name in operation.key_headers]
        self._clock = _clock_of(clock)
        self._world = World(self._clock)
        self._times = times or Times()
        self._dialect: DialectName = dialect
        self._seed = seed
        self._organisations = Organisations(api_keys)
        self._journal = Journal()
        self._faults = Faults([operation.id for operation in self._contract.operations], seed)
        self._api = self._new_api()

    # --- What a test or a person uses ---------------------------------------------------------------------------------

    @property
    def transport(self) -> _transport.Transport:
        """An httpx2 transport, for both clients: `YottaLabs("any-key", transport=sim.transport, clock=sim.clock)`."""
        from ._transport import Transport

        return Transport(self.exchange, self._clock)

    @property
    def app(self) -> _app.App:
        """An ASGI application. Under a server of your own, a fault of the connection itself is answered with 500.

        It checks `Host` and `Origin` as `serve` does. A host that an in-process transport has in its URL passes, too:
        `httpx2.ASGITransport(app=sim.app)` takes any base URL.
        """
        from ._app import App

        return App(self.exchange, self._access, self._contract.methods)

    def serve(self, port: int = 0) -> AbstractContextManager[str]:
        """Serves it on a socket of this machine, from a thread of its own, for as long as the block runs.

        Args:
            port: The port; 0 takes a free one.

        Returns:
            A context manager that gives the base URL.

        Raises:
            OSError: The port is taken.
        """
        from ._server import serving

        return serving(self.app, self._faults, port)

    @property
    def clock(self) -> Clock:
        """The time, for `YottaLabs(clock=…)`."""
        return self._clock

    @property
    def time(self) -> float:
        """The simulator's time in seconds: its clock's, unless a state was loaded; then it goes on from there."""
        return self._world.now()

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self._faults

    @property
    def pods(self) -> Pods:
        """Every pod of every organisation, by its id."""
        return self._api.pods

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """The requests since the beginning or the last reset, without secrets.

        At most the latest 100,000, and of those no more than take 64 MB of memory.
        """
        return self._journal.records

    def advance(self, seconds: float) -> None:
        """Moves the time ahead at once."""
        self._clock.advance(seconds)

    def reset(self) -> None:
        """Forgets all pods, requests and faults. What chance decides begins anew, and so do the ids; time goes on."""
        self._faults.reset()  # without the lock: it waits for a server, which may wait for the lock
        with self._world.lock:
            self._organisations.reset()
            self._journal.reset()
            self._api = self._new_api()

    def to_json(self) -> dict[str, Any]:
        """The state as JSON values: pods, time, and the faults that are still to happen.

        It holds the values of environment variables in clear text. Neither keys nor registry tokens are in it.
        """
        with self._world.lock:
            return {
                **_state.to_json(self._api),
                "seed": self._seed,
                "dialect": self._dialect,
                "faults": self._faults.to_json(),
            }

    def save(self, path: str | Path) -> None:
        """Write the state to a file, for `Simulator.load`. It holds the values of environment variables.

        Raises:
            ValueError: There is something else than a regular file at the path.
            OSError: It cannot be written.
        """
        text = json.dumps(self.to_json(), indent=2, ensure_ascii=False)
        file = Path(path)
        if file.exists() and not file.is_file():
            raise ValueError(f"{path} is not a regular file, and stays as it is")
        file.write_text(f"{text}\n", encoding="utf-8")

    @classmethod
    def load(
        cls,
        state: str | Path | Mapping[str, Any],
        *,
        api_keys: ApiKeys | None = None,
        clock: Literal["virtual", "real"] = "virtual",
        ssh: str | None = None,
        allow_hosts: Iterable[str] = (),
        allow_origins: Iterable[str] = (),
    ) -> Self:
        """A simulator with a state that was saved, as if no time had passed since.

        Args:
            state: The path of a file that `save` wrote, or what `to_json` gave.
            api_keys: As for a new one. A saved organisation has a name, not a key: the key that it had by itself, or
                any that is given its name here, sees its pods.
            clock: As for a new one.
            ssh: As for a new one; the saved pods lead there too. By default, they lead where they did.
            allow_hosts: As for a new one.
            allow_origins: As for a new one.

        Raises:
            ValueError: It is no such state, or an argument cannot be right; the message says why.
            OSError: The file cannot be read.
        """
        with _state.reading(state):
            saved = _state.read(state)
        began = VirtualClock(saved.date) if clock == "virtual" else _clock_of(clock)
        simulator = cls(
            api_keys=api_keys,
            clock=began,
            times=saved.times,
            dialect=saved.dialect,
            seed=saved.seed,
            ssh=ssh,
            allow_hosts=allow_hosts,
            allow_origins=allow_origins,
        )
        with _state.reading(state):
            simulator._restore(saved)
        return simulator

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.pods)} pods, {self._dialect}>"

    # --- From a request to what becomes of it -------------------------------------------------------------------------

    def exchange(self, request: Request) -> Outcome:
        """What becomes of a request: an answer, or how there comes none."""
        if _control.concerns(request):
            return Outcome(_control.answer(self, request))
        operation: Operation | None = None
        rule: Rule | None = None
        with self._world.lock:
            try:
                operation, encoded = self._contract.route(request)
            except Refusal as refusal:
                outcome = Outcome(refused(refusal.status, refusal.message, refusal.headers))
            else:
                asked = self._api.read(operation, encoded, request)
                rule = self._faults.draw(operation.id, is_refused=isinstance(asked, Refusal))
                outcome = self._outcome(asked, rule)
            answered = outcome.answer is not None and outcome.breakage is None
            number = self._journal.note(
                request,
                at=self._world.now(),
                operation=operation.id if operation else None,
                key_headers=self._key_headers,
                shown_fields=operation.shown_fields if operation else frozenset(),
                status=outcome.answer.status if outcome.answer is not None and answered else None,
                fault=str(rule.fault) if rule else None,
            )
        return _named(outcome, f"sim-{number:06}")

    def _outcome(self, asked: Call | Refusal, rule: Rule | None) -> Outcome:
        if rule is None:
            return Outcome(self._api.answer(asked))
        answer = self._api.answer(asked, rule) if rule.effect else None
        return outcome_of(rule, answer)

    def _new_api(self) -> Api:
        dialect = Dialect(self._dialect, self._seed)
        return Api(self._contract, self._world, self._organisations, dialect, self._times, self._seed, self._ssh)

    def _restore(self, saved: _state.Saved) -> None:
        self._world.set(saved.now, saved.date)
        if self._ssh is not None:
            for pod in saved.pods:
                self._ssh.takes(pod["document"])
        _state.restore(self._api, saved, self._contract)
        self._api.mint.ssh = self._ssh
        for fault in saved.faults:
            self._faults.add(**fault)


def _clock_of(clock: object) -> Clock:
    if clock == "virtual":
        return VirtualClock()
    if clock == "real":
        return RealClock()
    missing = [
        name
        for name in ("monotonic", "sleep", "asleep", "advance", "date", "held")
        if not callable(getattr(clock, name, None))
    ]
    if missing or isinstance(clock, type | str):
        message = f"clock is {clock!r}; it must be 'virtual', 'real', or an object like sim.clock"
        raise ValueError(message)
    return cast("Clock", clock)


def _named(outcome: Outcome, name: str) -> Outcome:
    """The outcome, with a name for the request in the headers of its answer."""
    if outcome.answer is None:
        return outcome
    answer = outcome.answer
    named = Answer(answer.status, {**answer.headers, "x-request-id": name}, answer.body)
    return Outcome(named, outcome.delay, outcome.breakage, outcome.seconds)
