from ..open_enum import OpenEnum


class ImagePublicType(OpenEnum):
    """Who may pull an image: anyone, or whoever has credentials."""

    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"
