from ..open_enum import OpenEnum


class CloudType(OpenEnum):
    """The kind of data centre: the secure cloud, or hosts of the community."""

    SECURE = "SECURE"
    COMMUNITY = "COMMUNITY"
