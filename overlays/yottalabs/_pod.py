"""A pod, as the list of pods shows it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, DecimalException

from yottalabs_api.models import PodStatus, Protocol
from yottalabs_api.views import ExposedPort, PodView

from ._own_variables import LEASE_VARIABLE, OWN_VARIABLES, TOKEN_VARIABLE

SSH_PORT = 22
ENDING = frozenset({PodStatus.TERMINATING, PodStatus.TERMINATED})
ENDED = ENDING | {PodStatus.FAILED}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Pod(PodView):
    """A pod at the moment when it was listed. It does not change; `pods.get` shows it anew.

    Every documented field is an attribute: its name in snake_case, but `name` for `podName`. A field that is missing,
    null or unreadable is None (or empty, where it is a collection); reading never raises. The JSON object, with
    everything that came, is `raw`.

    Two pods are equal if all that came of them is.
    """

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        gpu = f"{self.gpu_count or '?'}x{self.gpu_type}" if self.gpu_type else None
        status = None if self.status is None else str(self.status)
        return f"Pod(id={self.id!r}, name={self.name!r}, status={status!r}, gpu={gpu!r})"

    @property
    def environment_vars(self) -> dict[str, str]:
        """Variables of the container's environment, in clear text; those of this client's own are left out."""
        variables = super().environment_vars
        for name in OWN_VARIABLES:
            variables.pop(name, None)
        return variables

    @property
    def create_token(self) -> str | None:
        """The token of the create that made the pod, if it has one."""
        return super().environment_vars.get(TOKEN_VARIABLE)

    @property
    def lease(self) -> str | None:
        """Until when the pod may live and whose it is, as this client wrote it down, if it has a lease."""
        return super().environment_vars.get(LEASE_VARIABLE)

    @property
    def is_active(self) -> bool:
        """Whether the pod may be running or come to run: it has neither ended nor failed, nor is it ending.

        A status that is not known counts as active, since such a pod may cost money.
        """
        return self.status not in ENDED

    @property
    def is_running(self) -> bool:
        """Whether the status is RUNNING. What the pod runs may not be reachable yet."""
        return self.status == PodStatus.RUNNING

    @property
    def is_ready(self) -> bool:
        """Whether the pod runs and its SSH port is healthy."""
        ssh = self.ssh_port
        return self.is_running and ssh is not None and ssh.healthy is True

    @property
    def ssh_port(self) -> ExposedPort | None:
        """The exposed port that speaks SSH: the first that says so, else port 22 if it says nothing else."""
        said = (entry for entry in self.expose if entry.protocol == Protocol.SSH)
        meant = (entry for entry in self.expose if entry.port == SSH_PORT and entry.protocol is None)
        return next(said, None) or next(meant, None)

    def exposed(self, port: int) -> ExposedPort | None:
        """The entry of a port of the container."""
        return next((entry for entry in self.expose if entry.port == port), None)

    @property
    def ssh_command(self) -> str | None:
        """The command to reach the pod over SSH, with a placeholder for the file of the private key.

        It is the API's own command where there is one. Where there are only a host and a port, it names no user.
        """
        ssh = self.ssh_port
        if ssh is not None and ssh.ingress_url:
            return ssh.ingress_url
        if ssh is not None and ssh.host and ssh.proxy_port is not None:
            return f"ssh {ssh.host} -p {ssh.proxy_port} -i <private key file>"
        return self.ssh_cmd or None

    def url(self, port: int) -> str | None:
        """Where a port of the container is reached from outside, or None while it is not.

        Args:
            port: The port inside the container.

        Returns:
            The API's own URL where there is one, else `http://host:port` for HTTP and `tcp://host:port` for the rest.
        """
        entry = self.exposed(port)
        if entry is None:
            return None
        if entry.ingress_url and "://" in entry.ingress_url:
            return entry.ingress_url
        if not entry.host or entry.proxy_port is None:
            return None
        scheme = {"HTTP": "http", "HTTPS": "https"}.get(str(entry.protocol).upper(), "tcp")
        host = f"[{entry.host}]" if ":" in entry.host else entry.host
        return f"{scheme}://{host}:{entry.proxy_port}"

    @property
    def hourly_price(self) -> Decimal | None:
        """What the pod costs in an hour: its GPUs and its disks.

        None, never zero, if a number that is needed for it is not known. A disk of 0 GB needs no price.
        """
        parts = (
            (self.gpu_count, self.single_card_price),
            (self.container_volume_in_gb, self.container_volume_price),
            (self.persistent_volume_in_gb, self.persistent_volume_price),
        )
        total = Decimal(0)
        for amount, price in parts:
            if amount is None or (amount != 0 and price is None):
                return None
            try:
                total += amount * (price or Decimal(0))
            except DecimalException:
                return None
        return total

    @property
    def created(self) -> datetime | None:
        """When the pod was created. A time without a zone is taken for UTC, which the API does not document."""
        return _moment(self.created_at)

    @property
    def updated(self) -> datetime | None:
        """When the pod last changed. A time without a zone is taken for UTC, which the API does not document."""
        return _moment(self.updated_at)


def _moment(text: str | None) -> datetime | None:
    """A time as documented, in ISO 8601, or in seconds or milliseconds since 1970 (ten digits, or up to thirteen)."""
    if text is None:
        return None
    try:
        if re.fullmatch(r"\d{10}|\d{12,13}", text.strip(), re.ASCII):
            unit = timedelta(seconds=1) if len(text.strip()) == 10 else timedelta(milliseconds=1)
            return _EPOCH + int(text) * unit
        if text.strip().isdigit():
            return None
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    except (ValueError, OverflowError):
        return None
