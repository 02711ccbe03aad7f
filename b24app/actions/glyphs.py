"""The glyphs of Font Awesome 4.7: the pictures the messenger has names for, drawn here.

Names and drawings come from the very files the pages show them with, in ``static/vendor/``.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from b24app.errors import BadPayload

VENDORED: Final = Path(__file__).resolve().parents[2] / "static/vendor/font-awesome-4.7.0"
DRAWN: Final = 320  # pixels to the em: every glyph at least four times its icon, to shrink sharply

_RULE: Final = re.compile(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"\\([0-9a-f]+)"\}')


@functools.cache
def names() -> Mapping[str, str]:
    """The character of each name: ``{"fa-rocket": "\\uf135", …}``; a glyph may have many names."""
    sheet = (VENDORED / "css/font-awesome.min.css").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            name: chr(int(point, 16))
            for selectors, point in _RULE.findall(sheet)
            for name in re.findall(r"\.([^:]+):before", selectors)
        }
    )


def drawing(name: str, field: str) -> Image.Image:
    """The glyph as a large mask, white where it is drawn.

    Raises BadPayload for ``field``: glyph_unknown.
    """
    character = names().get(name)
    if character is None:
        raise BadPayload(field, "glyph_unknown")
    left, top, right, bottom = (round(edge) for edge in _font().getbbox(character))
    mask = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(mask).text((-left, -top), character, fill=255, font=_font())
    return mask


@functools.cache
def _font() -> ImageFont.FreeTypeFont:
    """Opened from memory: a deployment may replace the file under a running process."""
    data = (VENDORED / "fonts/fontawesome-webfont.woff2").read_bytes()
    return ImageFont.truetype(io.BytesIO(data), DRAWN, layout_engine=ImageFont.Layout.BASIC)
