"""Pictures that come in by REST: base64, or a pair of name and base64."""

import base64
import binascii
import io
import re

from PIL import Image

from sandbox import php

MAX_SIDE = 5000
_FOREIGN = re.compile(r"[^A-Za-z0-9+/]")


class NotAnImage(Exception):
    """Not base64 of an image."""


class TooLarge(Exception):
    """An image with a side over MAX_SIDE."""


def read_image(value: php.Value) -> str:
    """The picture as clean base64. Raises NotAnImage, TooLarge.

    As in PHP, characters outside the alphabet are skipped, so a `data:` prefix spoils the rest.
    """
    pair = php.rows(value)
    content = _decode(php.text(pair[1] if len(pair) > 1 else "" if pair else value))
    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
    except Image.DecompressionBombError as exc:
        raise TooLarge from exc
    except Image.DecompressionBombWarning as exc:
        raise TooLarge from exc
    except (OSError, ValueError, SyntaxError) as exc:
        raise NotAnImage from exc
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise TooLarge
    return base64.b64encode(content).decode()


def icon_or_nothing(value: php.Value) -> str:
    """The picture as clean base64, "" for anything the portal would silently drop."""
    try:
        return read_image(value)
    except (NotAnImage, TooLarge):
        return ""


def _decode(text: str) -> bytes:
    clean = _FOREIGN.sub("", text.partition("=")[0])
    try:
        return base64.b64decode(clean[: len(clean) - (len(clean) % 4 == 1)] + "==")
    except binascii.Error as exc:
        raise NotAnImage from exc
