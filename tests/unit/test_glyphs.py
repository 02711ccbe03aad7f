"""A glyph becomes the sprite the platform asks for, from the pictures the pages show."""

import io

import pytest
from PIL import Image

from b24app.actions import glyphs
from b24app.actions.icons import ACTIVE, BOX, INACTIVE, glyph_sprite, make_sprite
from b24app.errors import BadPayload
from b24app.web.words import GLYPHS

LEFT, RIGHT = (0, 0, 54, 66), (54, 0, 108, 66)


def opened(png: bytes) -> Image.Image:
    sprite = Image.open(io.BytesIO(png))
    assert (sprite.format, sprite.size, sprite.mode) == ("PNG", (108, 66), "RGBA")
    return sprite


def inks(half: Image.Image) -> set[tuple[int, ...]]:
    return {tone[:3] for _, tone in half.getcolors(54 * 66) or [] if tone[3]}


@pytest.mark.parametrize("name", GLYPHS)
def test_every_offered_glyph_is_drawn_in_two_tones_in_the_middle_of_its_room(name: str) -> None:
    sprite = opened(glyph_sprite(name))

    for place, tone in ((LEFT, INACTIVE), (RIGHT, ACTIVE)):
        half = sprite.crop(place)
        left, top, right, bottom = half.getchannel("A").getbbox() or (0, 0, 0, 0)
        width, height = right - left, bottom - top
        assert width <= BOX[0]
        assert height <= BOX[1]
        assert width >= BOX[0] - 1 or height >= BOX[1] - 1  # as large as it may be
        assert abs(left - (54 - right)) <= 1
        assert abs(top - (66 - bottom)) <= 1
        assert inks(half) == {tone}
        assert half.getchannel("A").getextrema()[1] == 255


def test_both_halves_have_the_same_drawing() -> None:
    alpha = opened(glyph_sprite("fa-rocket")).getchannel("A")

    assert alpha.crop(LEFT).tobytes() == alpha.crop(RIGHT).tobytes()


def test_a_glyph_is_sharp_inside_and_smooth_at_its_edge() -> None:
    shades = opened(glyph_sprite("fa-circle")).getchannel("A").histogram()

    full, edge = sum(shades[240:]), sum(shades[16:240])
    assert 0 < edge < full / 6


def test_every_name_the_pages_can_find_has_a_drawing_large_enough_to_shrink() -> None:
    drawn = {name: glyphs.drawing(name, "icon") for name in glyphs.names()}

    assert len(drawn) == 786
    for name, mask in drawn.items():
        assert mask.getbbox() is not None, name
        assert max(mask.width / BOX[0], mask.height / BOX[1]) >= 4, name


def test_two_glyphs_are_two_drawings_and_two_names_of_one_are_the_same() -> None:
    assert glyph_sprite("fa-heart") != glyph_sprite("fa-star")
    assert glyph_sprite("fa-close") == glyph_sprite("fa-times")


def test_the_sprite_comes_back_with_the_form_as_it_is() -> None:
    sprite = glyph_sprite("fa-rocket")

    assert make_sprite(sprite) == sprite


@pytest.mark.parametrize("name", ["", "rocket", "fa-unheard-of", "fa-rocket ", "../LICENSE.txt"])
def test_a_name_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(BadPayload) as caught:
        glyph_sprite(name)

    assert caught.value.errors == {"icon": "glyph_unknown"}
