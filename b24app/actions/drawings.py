"""A drawing an administrator brings as SVG, made harmless: only what draws is kept.

Pure functions: text in, text out. Nothing is fetched, and no entity is ever declared or expanded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from b24app.errors import BadPayload

SVG: Final = "http://www.w3.org/2000/svg"
MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 40
MAX_ELEMENTS: Final = 2000

# A white speech bubble, for a connector nobody has drawn anything for; written as ``clean`` writes.
SPEECH: Final = (
    f'<svg xmlns="{SVG}" viewBox="0 0 24 24"><path fill="#fff" d="M5 4h14a3 3 0 0 1 3 3v8a3 3 0 0 1'
    '-3 3h-7l-5 4v-4H5a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3z"></path></svg>'
)
SHAPES: Final = frozenset({"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})
ELEMENTS: Final = SHAPES | {"svg", "g", "defs", "linearGradient", "radialGradient", "stop"}
# How something looks; these may also stand in a style attribute.
LOOKS: Final = frozenset(
    {"clip-rule", "color", "fill", "fill-opacity", "fill-rule", "opacity", "stop-color"}
    | {"stop-opacity", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap"}
    | {"stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width"}
)
PLACES: Final = frozenset(
    {"cx", "cy", "d", "fx", "fy", "height", "pathLength", "points", "r", "rx", "ry", "transform"}
    | {"viewBox", "width", "x", "x1", "x2", "y", "y1", "y2", "preserveAspectRatio"}
)
ATTRIBUTES: Final = (
    LOOKS | PLACES | {"gradientTransform", "gradientUnits", "id", "offset", "spreadMethod"}
)
# Numbers, words, colours and paths; an address can only be a place in the drawing itself. White
# space is folded before: a run of it that two parts of a pattern may share costs its square.
HARMLESS: Final = re.compile(r"[\w #%.,()+-]*", re.ASCII)
INSIDE: Final = re.compile(r"url\( ?#[\w-]+ ?\)[\w #%.,()+-]*", re.ASCII)
LENGTH: Final = re.compile(r"([0-9]{1,6}(\.[0-9]{1,6})?) ?(px)?", re.ASCII)


def clean(data: bytes | str, field: str = "svg") -> str:
    """The drawing with nothing in it but shapes, groups, gradients and how they look.

    Scripts, styles, texts, pictures, event handlers and references to elsewhere are left out.
    Raises BadPayload for ``field``: svg_too_big, svg_broken, svg_empty.
    """
    raw = data.encode(errors="replace") if isinstance(data, str) else data
    if len(raw) > MAX_BYTES:
        raise BadPayload(field, "svg_too_big")
    drawing = _Drawing()
    try:
        drawing.read(raw)
    except (expat.ExpatError, ValueError, LookupError) as exc:
        raise BadPayload(field, "svg_broken") from exc
    if not drawing.shapes:
        raise BadPayload(field, "svg_empty")
    return "".join(drawing.parts)


def data_url(svg: str) -> str:
    """The drawing as the platform's address of a picture (b24restdocs: imconnector-register)."""
    return f"data:image/svg+xml,{quote(svg, safe='')}"


class _Drawing:
    """Writes anew what may stay of a document that is being read."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.shapes = 0
        self._elements = 0
        self._open: list[str] = []
        self._left_out = 0  # how deep in something that is left out

    def read(self, raw: bytes) -> None:
        """Raises ExpatError for what is no XML, ValueError for what is no drawing or too much."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity
        parser.Parse(raw, True)

    def _doctype(self, _name: str, _system: object, _public: object, has_subset: int) -> None:
        """Old drawing programs name the DTD, which is not fetched; nobody declares anything."""
        if has_subset:
            raise ValueError("declarations")

    def _entity(self, *_: object) -> None:
        raise ValueError("declarations")

    def _start(self, full_name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        namespace, _, name = full_name.rpartition(" ")
        if self._elements > MAX_ELEMENTS or len(self._open) > MAX_DEPTH:
            raise ValueError("too much")
        if not self._open and not self._left_out and (name != "svg" or namespace not in ("", SVG)):
            raise ValueError("not a drawing")
        if self._left_out or name not in ELEMENTS or namespace not in ("", SVG):
            self._left_out += 1
            if self._left_out > MAX_DEPTH:
                raise ValueError("too much")
            return
        self.shapes += name in SHAPES
        kept = _attributes(attributes)
        if not self._open:
            kept = {"xmlns": SVG, **_with_view_box(kept)}
        self._open.append(name)
        text = "".join(f" {key}={quoteattr(value)}" for key, value in kept.items())
        self.parts.append(f"<{escape(name)}{text}>")

    def _end(self, _full_name: str) -> None:
        if self._left_out:
            self._left_out -= 1
        else:
            self.parts.append(f"</{self._open.pop()}>")


def _attributes(given: Mapping[str, str]) -> dict[str, str]:
    """What may stay; a style is taken apart, for no page allows styles inside a picture's text."""
    found = {name: value for name, value in given.items() if name in ATTRIBUTES}
    for declaration in given.get("style", "").split(";"):
        name, _, value = declaration.partition(":")
        if name.strip() in LOOKS:
            found[name.strip()] = value
    folded = {name: " ".join(value.split()) for name, value in found.items()}
    return {name: value for name, value in folded.items() if _is_harmless(value)}


def _is_harmless(value: str) -> bool:
    if "url" in value.lower():
        return INSIDE.fullmatch(value) is not None
    return HARMLESS.fullmatch(value) is not None


def _with_view_box(attributes: dict[str, str]) -> dict[str, str]:
    """A drawing of fixed size can be scaled only with a view box of that size."""
    sides = [LENGTH.fullmatch(attributes.get(side, "")) for side in ("width", "height")]
    kept = {name: value for name, value in attributes.items() if name not in ("width", "height")}
    if "viewBox" not in kept and all(sides):
        kept["viewBox"] = " ".join(("0 0", *(side[1] for side in sides if side)))
    return kept
