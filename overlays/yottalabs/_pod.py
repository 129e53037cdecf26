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

_URL = re.compile(r"[a-z][a-z0-9+.-]*://[!-~]+", re.ASCII | re.IGNORECASE)
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

        The API's text may be an ssh command, an `ssh://` or `tcp://` URL, or `[user@]host[:port]`. An ssh command that
        holds nothing but a destination, a port, a user and a key file is returned as it came. Otherwise the command is
        made of these parts, without any other option of the API's command. The user is missing only where the API names
        none.

        None while the API returns no address, and where its text is not understood or names a jump host, a proxy or a
        configuration file. That text is `ssh_port.ingress_url` or `ssh_cmd`; it comes from outside, so read it before
        you run it.
        """
        from ._ssh import SSHAccess

        access = SSHAccess.of(self)
        return None if access.address is None or access.is_without_user else access.address.command

    def url(self, port: int) -> str | None:
        """Where a port of the container is reached from outside, or None while it is not.

        Args:
            port: The port inside the container.

        Returns:
            The API's own URL where there is one, else `http://host:port` for HTTP and `tcp://host:port` for the rest.
            Only ASCII characters that are printable make a URL.
        """
        entry = self.exposed(port)
        if entry is None:
            return None
        if entry.ingress_url and _URL.fullmatch(entry.ingress_url):
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
