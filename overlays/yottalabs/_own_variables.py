"""The environment variables by which this client knows its pods again. The list of pods echoes them."""

TOKEN_VARIABLE = "YOTTALABS_CREATE_TOKEN"  # noqa: S105  # a name, and the token is no secret
"""Tells which create made the pod."""

LEASE_VARIABLE = "YOTTALABS_LEASE"
"""Tells until when the pod may live, and whose it is."""

OWN_VARIABLES = frozenset({TOKEN_VARIABLE, LEASE_VARIABLE})
