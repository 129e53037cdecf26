from ..open_enum import OpenEnum


class CloudType(OpenEnum):
    """A kind of cloud: the secure one, or that of the community."""

    SECURE = "SECURE"
    COMMUNITY = "COMMUNITY"
