from ..open_enum import OpenEnum


class Protocol(OpenEnum):
    """What is spoken on an exposed port."""

    SSH = "SSH"
    HTTP = "HTTP"
    TCP = "TCP"
