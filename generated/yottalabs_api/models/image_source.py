from ..open_enum import OpenEnum


class ImageSource(OpenEnum):
    """Where an image comes from: YottaLabs, or the user."""

    OFFICIAL = "OFFICIAL"
    CUSTOM = "CUSTOM"
