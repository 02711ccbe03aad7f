"""Any picture an administrator may give becomes a sprite the portal accepts, or a clear no."""

from __future__ import annotations

import base64
import io
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from b24app.actions.icons import ACTIVE, BOX, INACTIVE, make_sprite
from b24app.actions.pictures import data_url
from b24app.errors import BadPayload

ASSETS = Path(__file__).parent.parent / "assets"
LEFT, RIGHT = (0, 0, 54, 66), (54, 0, 108, 66)
CLEAR = (0, 0, 0, 0)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def sprite_of(data: bytes, *, own_colours: bool = False) -> Image.Image:
    sprite = Image.open(io.BytesIO(make_sprite(data, own_colours=own_colours)))
    assert (sprite.format, sprite.size, sprite.mode) == ("PNG", (108, 66), "RGBA")
    return sprite


def frames(sprite: Image.Image) -> list[tuple[int, int, int, int]]:
    boxes = [sprite.crop(half).getchannel("A").getbbox() for half in (LEFT, RIGHT)]
    return [box for box in boxes if box is not None]


def colours(sprite: Image.Image, half: tuple[int, int, int, int]) -> set[tuple[int, ...]]:
    pixels = sprite.crop(half).getcolors(54 * 66) or []
    return {colour[:3] for _, colour in pixels if isinstance(colour, tuple) and colour[3]}


def value(mask: Image.Image, x: int, y: int) -> int:
    return mask.tobytes()[y * mask.width + x]


def cross(size: tuple[int, int], ink: Any, ground: Any, mode: str = "RGBA") -> Image.Image:
    """A cross with equal margins, drawn in ``ink``."""
    image = Image.new(mode, size, ground)
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.rectangle((width * 0.45, height * 0.2, width * 0.55, height * 0.8), fill=ink)
    draw.rectangle((width * 0.2, height * 0.45, width * 0.8, height * 0.55), fill=ink)
    return image


def refusal(data: bytes) -> dict[str, str]:
    with pytest.raises(BadPayload) as caught:
        make_sprite(data)
    return dict(caught.value.errors)


def test_the_halves_carry_the_platform_tones_and_the_same_shape() -> None:
    sprite = sprite_of((ASSETS / "logo.png").read_bytes())

    assert {INACTIVE} == colours(sprite, LEFT)
    assert {ACTIVE} == colours(sprite, RIGHT)
    halves = [sprite.crop(half).getchannel("A").tobytes() for half in (LEFT, RIGHT)]
    assert halves[0] == halves[1]


@pytest.mark.parametrize("size", [(512, 512), (1600, 400), (90, 900), (16, 16), (3000, 30)])
def test_the_drawing_touches_its_box_is_centred_and_keeps_its_shape(size: tuple[int, int]) -> None:
    ink = Image.new("RGBA", (size[0] + 80, size[1] + 20), CLEAR)
    ink.paste((9, 9, 9, 255), (70, 5, 70 + size[0], 5 + size[1]))

    boxes = frames(sprite_of(encoded(ink)))

    assert boxes[0] == boxes[1]
    left, top, right, bottom = boxes[0]
    assert (right - left, bottom - top) <= BOX
    assert right - left == BOX[0] or bottom - top == BOX[1]
    assert abs(left - (54 - right)) <= 1
    assert abs(top - (66 - bottom)) <= 1
    scale = min(BOX[0] / size[0], BOX[1] / size[1])
    assert abs((right - left) - max(1, size[0] * scale)) <= 1
    assert abs((bottom - top) - max(1, size[1] * scale)) <= 1


WHITE, INK = (255, 255, 255), (20, 90, 60)
PICTURES = {
    "RGBA": encoded(cross((300, 300), (*INK, 255), CLEAR)),
    "LA": encoded(cross((300, 300), (40, 255), (0, 0), "LA")),
    "RGB on white": encoded(cross((300, 300), INK, WHITE, "RGB")),
    "white on dark": encoded(cross((300, 300), WHITE, (12, 14, 30), "RGB")),
    "grey": encoded(cross((300, 300), 40, 255, "L")),
    "1 bit": encoded(cross((300, 300), 0, 1, "1")),
    "16 bit": encoded(cross((300, 300), 9000, 60000, "I;16")),
    "palette": encoded(cross((300, 300), INK, WHITE, "RGB").quantize(4)),
    "palette with a clear entry": encoded(cross((300, 300), 1, 0, "P"), transparency=0),
    "JPEG": encoded(cross((300, 300), INK, WHITE, "RGB"), "JPEG", quality=60),
    "CMYK JPEG": encoded(cross((300, 300), (90, 0, 90, 99), CLEAR, "CMYK"), "JPEG"),
    "progressive JPEG": encoded(cross((300, 300), INK, WHITE, "RGB"), "JPEG", progressive=True),
    "WebP": encoded(cross((300, 300), (*INK, 255), CLEAR), "WEBP"),
    "GIF": encoded(cross((300, 300), INK, WHITE, "RGB"), "GIF"),
    "faint": encoded(cross((300, 300), (*INK, 60), CLEAR)),
    "pale on white": encoded(cross((300, 300), (230, 230, 230), WHITE, "RGB")),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_same_drawing_comes_out_of_every_type_and_mode(name: str) -> None:
    alpha = sprite_of(PICTURES[name]).crop(RIGHT).getchannel("A")

    assert alpha.getbbox() == (11, 17, 43, 49)
    assert alpha.getpixel((27, 33)) == 255  # the middle of the cross
    assert alpha.getpixel((15, 21)) == 0  # between its arms: no block


def test_a_jpeg_on_white_gives_the_shape_of_the_transparent_logo() -> None:
    clear = sprite_of((ASSETS / "logo.png").read_bytes()).getchannel("A")
    white = sprite_of((ASSETS / "logo-on-white.jpg").read_bytes()).getchannel("A")

    apart = [abs(a - b) for a, b in zip(clear.tobytes(), white.tobytes(), strict=True)]
    assert sum(apart) / 255 < 0.1 * sum(clear.tobytes()) / 255


def test_what_is_drawn_on_a_plate_stays_visible() -> None:
    plate = Image.new("RGBA", (256, 256), CLEAR)
    ImageDraw.Draw(plate).rounded_rectangle((4, 4, 251, 251), 60, fill=(30, 90, 220, 255))
    ImageDraw.Draw(plate).rectangle((108, 60, 148, 196), fill="white")

    alpha = sprite_of(encoded(plate)).crop(RIGHT).getchannel("A")

    assert value(alpha, 27, 33) < 10
    assert value(alpha, 18, 33) == 255


def test_a_photograph_keeps_its_shades() -> None:
    photo = Image.merge("RGB", [Image.radial_gradient("L").resize((400, 300))] * 3)
    photo.paste((255, 255, 255), (0, 0, 200, 300))

    alpha = sprite_of(encoded(photo, "JPEG")).crop(RIGHT).getchannel("A")

    assert len(set(alpha.tobytes())) > 20


def test_hairlines_come_out_in_full_strength() -> None:
    lines = Image.new("RGBA", (1000, 700), CLEAR)
    ImageDraw.Draw(lines).ellipse((50, 50, 950, 650), outline="black", width=3)

    alpha = sprite_of(encoded(lines)).crop(RIGHT).getchannel("A")

    assert max(alpha.tobytes()) == 255


def test_a_block_of_one_colour_stays_a_block() -> None:
    alpha = sprite_of(encoded(Image.new("RGB", (90, 64), (200, 0, 0)))).crop(RIGHT).getchannel("A")

    assert alpha.crop((4, 17, 49, 49)).tobytes() == b"\xff" * 45 * 32


def test_own_colours_stay_on_the_right_and_turn_grey_on_the_left() -> None:
    sprite = sprite_of(encoded(cross((300, 300), (*INK, 255), CLEAR)), own_colours=True)

    assert sprite.getpixel((54 + 27, 33))[:3] == INK  # type: ignore[index]
    assert sprite.getpixel((27, 33))[:3] == INACTIVE  # type: ignore[index]


def test_own_colours_lose_white_paper_and_keep_a_coloured_ground() -> None:
    on_white = sprite_of(PICTURES["RGB on white"], own_colours=True)
    on_dark = sprite_of(PICTURES["white on dark"], own_colours=True)

    assert on_white.getchannel("A").getpixel((54 + 15, 21)) == 0
    assert on_dark.getpixel((54 + 15, 21)) == (12, 14, 30, 255)


def test_a_ready_sprite_is_taken_as_it_is() -> None:
    ready = (ASSETS / "sprite.png").read_bytes()

    assert ready == make_sprite(ready)
    assert ready == make_sprite(ready, own_colours=True)


def test_a_ready_sprite_with_luggage_is_written_anew() -> None:
    ready = Image.open(ASSETS / "sprite.png")
    notes = PngInfo()
    notes.add_text("note", "x" * 200_000)
    out = io.BytesIO()
    ready.save(out, "PNG", pnginfo=notes)

    sprite = make_sprite(out.getvalue())

    assert len(sprite) < 64 * 1024
    assert (
        Image.open(io.BytesIO(sprite)).convert("RGBA").tobytes() == ready.convert("RGBA").tobytes()
    )


def test_a_sprite_made_here_is_a_ready_one() -> None:
    once = make_sprite((ASSETS / "logo.png").read_bytes())

    assert once == make_sprite(once)


def test_a_damaged_ready_sprite_is_refused() -> None:
    ready = (ASSETS / "sprite.png").read_bytes()

    assert refusal(ready[: len(ready) // 2]) == {"icon": "picture_broken"}


def test_only_the_first_frame_of_a_gif_counts() -> None:
    second = Image.new("RGB", (300, 300), (200, 0, 0))
    moving = encoded(
        cross((300, 300), INK, WHITE, "RGB"), "GIF", save_all=True, append_images=[second]
    )

    assert sprite_of(PICTURES["GIF"]).tobytes() == sprite_of(moving).tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_camera_gives_an_upright_icon(kind: str, orientation: int) -> None:
    """The arrow's wide end is at the top left, whichever way the camera lay."""
    upright = Image.new("RGB", (240, 140), "white")
    ImageDraw.Draw(upright).polygon([(20, 20), (219, 20), (20, 119)], fill=INK)
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    lying = upright.transpose(turns[orientation]) if orientation in turns else upright
    exif = Image.Exif()
    exif[0x0112] = orientation

    alpha = sprite_of(encoded(lying, kind, exif=exif.tobytes())).crop(RIGHT).getchannel("A")

    assert value(alpha, 8, 24) > 245
    assert value(alpha, 46, 41) < 10


@pytest.mark.parametrize(
    "torn", [b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x03", b"Exif\0\0nothing of use"]
)
def test_bad_camera_data_do_not_spoil_a_good_picture(torn: bytes) -> None:
    picture = encoded(cross((300, 300), INK, WHITE, "RGB"), "JPEG", exif=torn)

    assert sprite_of(picture).crop(RIGHT).getchannel("A").getbbox() == (11, 17, 43, 49)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * (5 * 1024 * 1024), "picture_too_big"),
        (png_header(10_001, 2), "picture_too_big"),
        (png_header(5001, 5000), "picture_too_big"),
        (png_header(9_500, 9_500), "picture_too_big"),  # where Pillow warns
        (png_header(60_000, 60_000), "picture_too_big"),  # where Pillow raises
        (b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\0\0\0,", "picture_broken"),
        (png_header(300, 300), "picture_broken"),
        (png_header(0, 0), "picture_broken"),
        (b"\x89PNG\r\n\x1a\n", "picture_broken"),
        (PICTURES["JPEG"][:400], "picture_broken"),
        (PICTURES["WebP"][:60], "picture_broken"),
        (b"\xff\xd8\xff" + b"\0" * 50, "picture_broken"),
        (b"RIFF\0\0\0\0WEBP", "picture_broken"),
        (b"", "picture_type"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "picture_type"),
        (b"%PDF-1.7", "picture_type"),
        (encoded(Image.new("RGB", (9, 9)), "BMP"), "picture_type"),
        (encoded(Image.new("RGB", (9, 9)), "TIFF"), "picture_type"),
        (encoded(Image.new("RGBA", (40, 40), (255, 0, 0, 0))), "picture_empty"),
        (encoded(Image.new("RGBA", (40, 40), (255, 0, 0, 3))), "picture_empty"),
        (encoded(Image.new("RGBA", (108, 66), CLEAR)), "picture_empty"),
    ],
)
def test_a_refusal_says_why(data: bytes, reason: str) -> None:
    assert {"icon": reason} == refusal(data)


def test_a_jpeg_of_endless_passes_is_refused_before_it_is_decoded() -> None:
    picture = encoded(Image.new("RGB", (640, 480), "red"), "JPEG", progressive=True)
    last = picture.rindex(b"\xff\xda")
    passes = picture[:last] + picture[last:-2] * 20_000 + picture[-2:]

    assert refusal(passes) == {"icon": "picture_broken"}


def test_a_large_camera_picture_takes_a_moment_only() -> None:
    """Below 150 ms of this process's own time, whatever else the machine does."""
    photo = encoded(cross((4000, 3000), INK, WHITE, "RGB"), "JPEG")
    make_sprite(photo)

    spent = []
    for _ in range(3):
        start = time.process_time()
        make_sprite(photo)
        spent.append(time.process_time() - start)

    assert min(spent) < 0.15


def test_a_data_url_holds_the_very_bytes() -> None:
    ready = (ASSETS / "sprite.png").read_bytes()

    head, _, body = data_url(ready).partition(",")

    assert head == "data:image/png;base64"
    assert ready == base64.b64decode(body, validate=True)


modes = st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
sides = st.integers(1, 70)


@settings(max_examples=150, deadline=None)
@given(mode=modes, width=sides, height=sides, noise=st.binary(min_size=1, max_size=400), own=...)
def test_every_picture_with_something_in_it_becomes_a_sprite(
    mode: str, width: int, height: int, noise: bytes, own: bool
) -> None:
    size = width * height * 4
    pixels = (noise * (size // len(noise) + 1))[:size]
    image = Image.frombytes("RGBA", (width, height), pixels)
    if image.getchannel("A").getextrema()[1] <= 8:  # type: ignore[operator]
        image.putalpha(255)
    picture = image.convert("L").convert("I;16") if mode == "I;16" else image.convert(mode)

    data = encoded(picture)
    sprite = sprite_of(data, own_colours=own)

    if (width, height) != (108, 66):
        for left, top, right, bottom in frames(sprite):
            assert right - left <= BOX[0]
            assert bottom - top <= BOX[1]
        assert len(frames(sprite)) == 2


@settings(max_examples=300, deadline=None)
@given(
    picture=st.sampled_from(sorted(PICTURES)),
    edits=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=12),
    cut=st.integers(0, 60),
)
@example(picture="GIF", edits=[(6, 255), (7, 255), (8, 255), (9, 255)], cut=0)
def test_a_damaged_file_is_a_sprite_or_a_refusal_and_nothing_else(
    picture: str, edits: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(PICTURES[picture])
    for place, value in edits:
        data[place % len(data)] = value

    try:
        sprite = make_sprite(bytes(data[: len(data) - cut]))
    except BadPayload as exc:
        assert set(exc.errors) == {"icon"}
    else:
        assert Image.open(io.BytesIO(sprite)).size == (108, 66)
