"""Any picture becomes a square avatar that survives the messenger's circle."""

import io
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from b24app.actions.avatars import SIDE, make_avatar
from b24app.errors import BadPayload

ASSETS = Path(__file__).parent.parent / "assets"
RED, GREEN = (200, 20, 20), (20, 200, 20)


def file(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size, image.mode) == ("PNG", (SIDE, SIDE), "RGB")
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_of_each_kind_is_taken(kind):
    avatar = opened(make_avatar(file(Image.new("RGB", (640, 480), RED), kind)))

    assert avatar.getpixel((SIDE // 2, SIDE // 2))[0] > 150


def test_a_wide_picture_is_cropped_to_its_middle():
    picture = Image.new("RGB", (900, 300), RED)
    picture.paste(GREEN, (300, 0, 600, 300))

    avatar = opened(make_avatar(file(picture)))

    assert {avatar.getpixel(place) for place in ((4, 4), (251, 251), (128, 128))} == {GREEN}


def test_a_drawing_without_a_ground_is_shown_whole_inside_the_circle():
    picture = Image.new("RGBA", (500, 900))
    ImageDraw.Draw(picture).rectangle((100, 200, 400, 500), fill=RED)

    avatar = opened(make_avatar(file(picture)))

    corner = avatar.getpixel((SIDE // 2 - 84, SIDE // 2 - 84))  # 119 of 128 from the middle
    assert max(abs(mine - wanted) for mine, wanted in zip(corner, RED, strict=True)) < 12
    assert avatar.getpixel((2, 2)) == (255, 255, 255)


def test_a_finished_avatar_comes_back_byte_for_byte():
    once = make_avatar((ASSETS / "logo-on-white.jpg").read_bytes())

    assert make_avatar(once) == once


def test_what_hides_behind_the_pixels_is_left_out():
    info = PngInfo()
    info.add_text("comment", "x" * 400_000)

    made = make_avatar(file(Image.new("RGB", (SIDE, SIDE), RED), pnginfo=info))

    assert len(made) < 10_000
    assert make_avatar(made) == made


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "picture_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture_type"),
        (b"\x89PNG\r\n\x1a\nbroken", "picture_broken"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * (5 * 1024 * 1024), "picture_too_big"),
        (file(Image.new("RGBA", (10, 10))), "picture_empty"),
    ],
)
def test_what_is_no_picture_is_refused_for_its_field(data, reason):
    with pytest.raises(BadPayload) as refused:
        make_avatar(data)

    assert refused.value.errors == {"avatar": reason}


@settings(max_examples=40, deadline=None)
@example(SIDE, SIDE, "L")
@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from(["L", "RGBA", "P", "1", "I;16"]))
def test_any_size_and_mode_becomes_an_avatar(width, height, mode):
    image = Image.new("RGBA", (width, height), (*RED, 200)).convert("RGBA")
    picture = image if mode == "RGBA" else Image.new(mode, (width, height), 1)
    data = file(picture)

    avatar = make_avatar(data)

    if avatar != data:  # one of exactly this size comes back as it was
        opened(avatar)
    assert Image.open(io.BytesIO(avatar)).size == (SIDE, SIDE)
