"""Any picture an administrator brings, read safely: what becomes an icon or an avatar.

Pure functions over Pillow: bytes in, pixels out, nothing kept.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
import math
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps

from b24app.errors import BadPayload

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_PIXELS: Final = 25_000_000
MAX_SIDE: Final = 10_000
MAX_SCANS: Final = 100  # of a progressive JPEG; each costs a pass over the whole picture
WORK: Final = (720, 512)  # 16 times an icon's box: enough for a small drawing on a wide ground
FAINT: Final = 8  # alpha up to here cannot be seen

_SIGNATURES: Final = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF"}
# One picture at a time in a process: it bounds the memory, and warnings are switched off
# while Pillow reads, which is a matter of the whole process.
_READING: Final = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """``pixels`` upright, in RGBA, within ``WORK``; ``kind`` and ``size`` as the file had them."""

    pixels: Image.Image
    kind: str
    size: tuple[int, int]


def read(data: bytes, field: str) -> Picture:
    """The picture in a PNG, JPEG or WebP file, or a GIF's first frame.

    Raises BadPayload for ``field``: picture_too_big, picture_type, picture_broken, picture_empty.
    """
    kind = _kind(data, field)
    with _READING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = _open(data, kind, field)
        size = image.size
        pixels = _decode(image, field)
    if pixels.getchannel("A").point([0] * (FAINT + 1) + [255] * (255 - FAINT)).getbbox() is None:
        raise BadPayload(field, "picture_empty")
    return Picture(pixels, kind, size)


def sent_back(
    text: str, make: Callable[[bytes], bytes], field: str, errors: dict[str, str]
) -> bytes:
    """The picture that came back with a form: only a finished one, as its preview was made.

    ``text`` is base64, ``make`` leaves a finished one as it is. Empty when there is none or it
    does not fit; then ``errors`` says why.
    """
    if not text:
        return b""
    try:
        picture = base64.b64decode(text, validate=True)
        if make(picture) != picture:
            errors[field] = "picture_type"
            return b""
    except (binascii.Error, ValueError):
        errors[field] = "picture_broken"
        return b""
    except BadPayload as exc:
        errors[field] = next(iter(exc.errors.values()))
        return b""
    return picture


def written(picture: Image.Image) -> bytes:
    """The picture as a PNG file."""
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def data_url(png: bytes) -> str:
    """Return the PNG as a ``data:`` address for an ``<img>``."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _kind(data: bytes, field: str) -> str:
    """The picture's type by its first bytes; a name or a header from outside is not asked."""
    if len(data) > MAX_BYTES:
        raise BadPayload(field, "picture_too_big")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    for start, kind in _SIGNATURES.items():
        if data.startswith(start):
            return kind
    raise BadPayload(field, "picture_type")


def _open(data: bytes, kind: str, field: str) -> Image.Image:
    """Read the header only, and refuse what would unpack to too much."""
    try:
        image = Image.open(io.BytesIO(data), formats=[kind])
    except Image.DecompressionBombError as exc:
        raise BadPayload(field, "picture_too_big") from exc
    except Exception as exc:  # Pillow's readers raise a dozen kinds for a damaged file
        raise BadPayload(field, "picture_broken") from exc
    if kind == "JPEG" and data.count(b"\xff\xda") > MAX_SCANS:
        raise BadPayload(field, "picture_broken")
    if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
        raise BadPayload(field, "picture_too_big")
    return image


def _decode(image: Image.Image, field: str) -> Image.Image:
    """The picture upright, in RGBA and no larger than the working size."""
    try:
        image.draft(None, WORK)  # a JPEG is decoded at a fraction of its size
        small = _reduced(_eight_bits(image))
    except Exception as exc:  # as above: any kind means a damaged file
        raise BadPayload(field, "picture_broken") from exc
    return _upright(small, image.info.get("exif"))


def _upright(picture: Image.Image, camera: object) -> Image.Image:
    """Turned as the camera's EXIF bytes say, when they can be read."""
    if isinstance(camera, bytes):
        picture.info["exif"] = camera
        with contextlib.suppress(Exception):  # a good picture may have bad camera data
            return ImageOps.exif_transpose(picture)
    return picture


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey scaled down; Pillow's own conversion would clip it to white."""
    if not image.mode.startswith("I"):
        return image
    grey = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    key = grey.info.pop("transparency", None)
    if isinstance(key, int):
        grey.info["transparency"] = key >> 8
    return grey


def _reduced(image: Image.Image) -> Image.Image:
    """In RGBA within the working size, strip by strip, so that no full-size copy is made."""
    factor = math.ceil(max(image.width / WORK[0], image.height / WORK[1], 1))
    size = (math.ceil(image.width / factor), math.ceil(image.height / factor))
    small = Image.new("RGBA", size)
    strip = factor * 64
    for top in range(0, image.height, strip):
        box = (0, top, image.width, min(top + strip, image.height))
        small.paste(image.crop(box).convert("RGBA").reduce(factor), (0, top // factor))
    return small
