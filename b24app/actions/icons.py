"""Any picture or glyph becomes the platform's chat app icon: a PNG sprite of 108 by 66 pixels.

Its left half shows the chat app at rest, its right half while it is active.
Pure functions over Pillow: bytes in, bytes out, nothing kept.
"""

from __future__ import annotations

from typing import Final

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

from b24app.actions import glyphs, pictures
from b24app.actions.pictures import FAINT

SPRITE: Final = (108, 66)
HALF: Final = (54, 66)
BOX: Final = (45, 32)  # the drawing's room in each half
INACTIVE: Final = (0xB3, 0xB7, 0xBC)
ACTIVE: Final = (0x2F, 0xC7, 0xF7)

READY_BYTES: Final = 64 * 1024  # its pixels need 30 KB at most; more is written anew

FLAT: Final = 12  # colours closer than this are the noise of one colour
ALIKE: Final = 32  # still the same ground
CLEAR: Final = 72  # surely not the ground
UNIFORM: Final = 0.75  # share of a rim in one colour that makes it a ground
SOLID: Final = 0.7  # share of its own frame that a plate fills; a disc has 0.785
PAPER: Final = 215  # a ground with no channel below this reads as paper
SHADE: Final = 77  # the faintest ink of a print, so that no part of it is lost


def make_sprite(data: bytes, *, own_colours: bool = False) -> bytes:
    """Return the 108x66 PNG sprite of a picture (PNG, JPEG, WebP, or a GIF's first frame).

    The drawing is tinted in the platform's two tones; with ``own_colours`` the active half
    keeps its colours and the inactive half is their grey version.
    A PNG of exactly 108x66 is a ready sprite and comes back byte for byte, unless it
    carries so much besides its pixels that it is written anew.
    Raises BadPayload for the field ``icon``: picture_too_big, picture_type, picture_broken,
    picture_empty.
    """
    picture = pictures.read(data, "icon")
    if picture.kind == "PNG" and picture.size == SPRITE:
        return data if len(data) <= READY_BYTES else pictures.written(picture.pixels)
    return _coloured(picture.pixels) if own_colours else _tinted(picture.pixels)


def glyph_sprite(name: str) -> bytes:
    """Return the 108x66 PNG sprite of a glyph in the platform's two tones.

    ``name`` is a class of Font Awesome 4 such as ``fa-rocket``.
    Raises BadPayload for the field ``icon``: glyph_unknown.
    """
    return _printed(glyphs.drawing(name, "icon"))


def _tinted(picture: Image.Image) -> bytes:
    return _printed(_silhouette(picture))


def _printed(mask: Image.Image) -> bytes:
    """The drawing in the platform's two tones; the mask says where it is."""
    mask = _full(_fit(mask.crop(_frame(mask))))
    inks = [Image.new("RGB", mask.size, tone) for tone in (INACTIVE, ACTIVE)]
    return _sprite(*(Image.merge("RGBA", (*ink.split(), mask)) for ink in inks))


def _coloured(picture: Image.Image) -> bytes:
    mask = _without_ground(picture)
    drawing = picture.copy()
    drawing.putalpha(mask)
    active = _fit(drawing.crop(_frame(mask)))
    active.putalpha(_full(active.getchannel("A")))
    return _sprite(_grey(active), active)


def _silhouette(picture: Image.Image) -> Image.Image:
    """Where the drawing is, as a mask: its transparency, or what stands out from its ground."""
    cover = _full(picture.getchannel("A"))
    if _area(cover, 254) == 1:
        ground = _ground(picture, cover)
        if ground is None:
            return _tones(picture, cover)
        cover = _marks(picture, cover, ground) or cover
    frame = _frame(cover)
    if _area(cover.crop(frame), 127) < SOLID:
        return cover
    return _inside(picture.crop(frame), cover.crop(frame))


def _inside(picture: Image.Image, plate: Image.Image) -> Image.Image:
    """A filled plate alone would be a blot: show what is drawn on it.

    The drawing is cut out of the plate, or stands alone when the plate is paper or mostly
    covered. A plate of one colour stays as it is.
    """
    ground = _ground(picture, plate)
    if ground is None:
        return _tones(picture, plate)
    inner = _inner(plate)
    marks = _marks(picture, inner, ground)
    if marks is None:
        return plate
    drawing = ImageChops.multiply(marks, inner)
    cut = ImageChops.subtract(plate, drawing)
    alone = min(ground) > PAPER or _area(cut, 127) < 0.3 * _area(plate, 127)
    return drawing if alone else cut


def _without_ground(picture: Image.Image) -> Image.Image:
    """Its transparency, less paper; another ground stays, as white on blue needs its blue."""
    alpha = picture.getchannel("A")
    ground = _ground(picture, alpha) if _area(alpha, 254) == 1 else None
    if ground is None or min(ground) <= PAPER:
        return alpha
    return _marks(picture, alpha, ground) or alpha


def _ground(picture: Image.Image, cover: Image.Image) -> tuple[int, int, int] | None:
    """The colour along the rim of what is covered, when the rim has one."""
    rim = _rim(cover)
    red, green, blue = ImageStat.Stat(picture.convert("RGB"), mask=rim).median
    colour = (red, green, blue)
    counts = _unlike(picture, colour).histogram(mask=rim)
    return colour if sum(counts[: ALIKE + 1]) >= UNIFORM * sum(counts) else None


def _marks(
    picture: Image.Image, where: Image.Image, ground: tuple[int, int, int]
) -> Image.Image | None:
    """What stands out from the ground, as a mask; None when nothing does."""
    unlike = _unlike(picture, ground)
    counts = unlike.histogram(mask=_binary(where))
    speck = max(4, sum(counts) // 5000)
    seen, peak = 0, 255
    while peak > 0 and seen + counts[peak] < speck:
        seen += counts[peak]
        peak -= 1
    if peak < FLAT:
        return None
    high = min(peak, CLEAR)
    low = min(high // 3, ALIKE)
    return unlike.point([max(0, min(255, (v - low) * 255 // (high - low))) for v in range(256)])


def _tones(picture: Image.Image, cover: Image.Image) -> Image.Image:
    """A photograph or gradient as a print in one ink: the less like its rim, the more ink."""
    shades = ImageOps.autocontrast(picture.convert("L"), cutoff=2, mask=_binary(cover))
    if ImageStat.Stat(shades, mask=_rim(cover)).mean[0] > 127:
        shades = ImageOps.invert(shades)
    ink = shades.point([SHADE + value * (255 - SHADE) // 255 for value in range(256)])
    return ImageChops.multiply(ink, cover)


def _unlike(picture: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    """How far each pixel is from a colour: the largest difference of its channels."""
    rgb = picture.convert("RGB")
    red, green, blue = ImageChops.difference(rgb, Image.new("RGB", rgb.size, colour)).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _rim(cover: Image.Image) -> Image.Image:
    return ImageChops.subtract(_binary(cover), _inner(cover))


def _inner(cover: Image.Image) -> Image.Image:
    """What is covered without its rim; the outside of the picture counts as uncovered."""
    depth = max(1, min(cover.size) // 64)
    wide = ImageOps.expand(_binary(cover), border=2 * depth, fill=0)
    kept = wide.filter(ImageFilter.BoxBlur(depth)).point([0] * 255 + [255])
    return ImageOps.crop(kept, border=2 * depth)


def _binary(mask: Image.Image) -> Image.Image:
    return mask.point([0] * 128 + [255] * 128)


def _full(mask: Image.Image) -> Image.Image:
    """A faint mask made as strong as it can be."""
    peak = max(value for value, count in enumerate(mask.histogram()) if count)
    return mask.point([min(255, value * 255 // max(peak, 1)) for value in range(256)])


def _area(mask: Image.Image, over: int) -> float:
    """Share of the mask's pixels above a value, 0 to 1."""
    return sum(mask.histogram()[over + 1 :]) / (mask.width * mask.height)


def _frame(mask: Image.Image) -> tuple[int, int, int, int]:
    """The smallest box around all that can be seen."""
    seen = mask.point([0] * (FAINT + 1) + [255] * (255 - FAINT))
    return seen.getbbox() or (0, 0, *mask.size)


def _fit(drawing: Image.Image) -> Image.Image:
    scale = min(BOX[0] / drawing.width, BOX[1] / drawing.height)
    size = (max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale)))
    return drawing.resize(size, Image.Resampling.LANCZOS)


def _grey(drawing: Image.Image) -> Image.Image:
    """The drawing's shades around the inactive tone, with half their contrast."""
    shades = drawing.convert("L")
    alpha = drawing.getchannel("A")
    mean = ImageStat.Stat(shades, mask=_binary(alpha)).mean[0]
    curves = [[max(0, min(255, round(t + (v - mean) / 2))) for v in range(256)] for t in INACTIVE]
    return Image.merge("RGBA", (*(shades.point(curve) for curve in curves), alpha))


def _sprite(inactive: Image.Image, active: Image.Image) -> bytes:
    canvas = Image.new("RGBA", SPRITE)
    for left, drawing in ((0, inactive), (HALF[0], active)):
        place = (left + (HALF[0] - drawing.width) // 2, (HALF[1] - drawing.height) // 2)
        canvas.paste(drawing, place)
    return pictures.written(canvas)
