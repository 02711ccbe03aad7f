"""Any picture becomes a bot's avatar: a square PNG, as the messenger shows it in a circle.

Pure functions over Pillow: bytes in, bytes out, nothing kept.
"""

from __future__ import annotations

from typing import Final

from PIL import Image, ImageOps

from b24app.actions import pictures
from b24app.actions.pictures import FAINT

SIDE: Final = 256  # twice what the messenger shows at most
INSIDE: Final = 172  # the side of a square that a circle of this size does not cut, less a rim
GROUND: Final = (255, 255, 255)
READY_BYTES: Final = 256 * 1024  # its pixels need less than 200 KB; more is written anew


def make_avatar(data: bytes) -> bytes:
    """Return the 256x256 PNG avatar of a picture (PNG, JPEG, WebP, or a GIF's first frame).

    A picture that fills its frame is cropped to its middle square. A drawing on a transparent
    ground is shown whole, small enough for the messenger's circle, on white. An opaque PNG of
    exactly this size is a ready avatar and comes back byte for byte, unless it carries so much
    besides its pixels that it is written anew.
    Raises BadPayload for the field ``avatar``: picture_too_big, picture_type, picture_broken,
    picture_empty.
    """
    picture = pictures.read(data, "avatar")
    pixels = picture.pixels
    opaque = pixels.getchannel("A").getextrema()[0] == 255
    if opaque and picture.kind == "PNG" and picture.size == (SIDE, SIDE):
        return data if len(data) <= READY_BYTES else pictures.written(pixels.convert("RGB"))
    if opaque:
        return pictures.written(ImageOps.fit(pixels, (SIDE, SIDE)).convert("RGB"))
    return pictures.written(_on_ground(pixels))


def _on_ground(pixels: Image.Image) -> Image.Image:
    """The drawing, without the empty rim around it, in the middle of a white square."""
    cover = pixels.getchannel("A").point([0] * (FAINT + 1) + [255] * (255 - FAINT))
    drawing = ImageOps.contain(pixels.crop(cover.getbbox()), (INSIDE, INSIDE))
    square = Image.new("RGB", (SIDE, SIDE), GROUND)
    place = ((SIDE - drawing.width) // 2, (SIDE - drawing.height) // 2)
    square.paste(drawing, place, drawing)
    return square
