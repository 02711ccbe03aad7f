"""What a person reads beside a field whose value does not fit, by the reason."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _

FIELDS: Final = {
    "required": _("Please fill this in."),
    "unknown_choice": _("Please choose one of the list."),
    "code_malformed": _(
        "A Latin letter first, then letters, digits, dots, dashes and underscores, 50 at most."
    ),
    "code_taken": _("Another chat app already has this code. Choose a different one."),
    "bot_code_taken": _("Another bot already has this code. Choose a different one."),
    "code_of_another": _(
        "A bot of another application has this code on your portal. Choose a different one."
    ),
    "portal_too_old": _("Your portal's version does not offer this to bots."),
    "command_malformed": _(
        "Letters, digits, dots, dashes, plus signs and underscores, without spaces, 50 at most."
    ),
    "command_taken": _("This bot already has a command of this name. Choose a different one."),
    "command_no_title": _("Say what the command does in at least one language."),
    "connector_id_malformed": _(
        "Lower-case Latin letters, digits and underscores, a letter first, 3 to 50 characters."
    ),
    "connector_id_taken": _("The portal has a connector of this id. Choose a different one."),
    "color_malformed": _("A colour such as #2fc6f6."),
    "size_range": _("A whole number from 10 to 100."),
    "svg_too_big": _("The drawing is too big. Choose one of at most 64 KB."),
    "svg_broken": _("This is not an SVG drawing, or it is damaged. Choose another file."),
    "svg_empty": _("Nothing in this drawing can be used: only shapes are, no pictures or texts."),
    "url_malformed": _("This is not a complete web address."),
    "url_not_https": _("The address must begin with https://"),
    "url_too_long": _("The portal keeps at most 254 characters of an address."),
    "iframe_width_range": _("A whole number from 250 to 5000."),
    "iframe_height_range": _("A whole number from 50 to 5000."),
    "js_param_put": _(
        "A command such as /help with optional words: Latin letters, digits, - + _ only."
    ),
    "js_param_send": _(
        "A command such as /help with optional words: Latin letters, digits, - + _ only."
    ),
    "js_param_call": _("A phone number: digits, spaces and + - ( ) # only."),
    "js_param_support": _("The Open Channel's code: 32 characters, digits and letters a to f."),
    "language_twice": _("This language is already in the list."),
    "no_title": _("Give the chat app a title in at least one language."),
    "text_over_50": _("At most 50 characters."),
    "text_over_255": _("At most 255 characters."),
    "text_over_2000": _("At most 2,000 characters."),
    "text_unseen": _("It contains a sign that cannot be seen. Type it instead of pasting it."),
    "too_many_languages": _("At most 50 languages."),
    "none_chosen": _("Please choose at least one."),
    "icon_name_malformed": _("A Font Awesome 4 name such as fa-rocket, 50 characters at most."),
    "icon_name_refused": _("The portal does not accept this icon. Choose one of the pictures."),
    "color_refused": _("The portal does not know this colour. Choose a different one."),
    "contexts_refused": _("The portal does not know one of these kinds of chats."),
    "admin_only_refused": _("The portal does not offer this here."),
    "extranet_refused": _("The portal does not offer this here."),
    "width_refused": _("The portal does not accept this size."),
    "height_refused": _("The portal does not accept this size."),
    "widget_side_range": _("A whole number from 50 to 5000."),
    "widget_no_title": _("Give the widget a title in at least one language."),
    "widget_exists": _("It is published already. Open its widget to change it."),
    "widget_not_there": _("The widget does not stand at each of its places. Republish it first."),
    "picture_too_big": _(
        "The picture is too big. Choose one of at most 5 MB and 25 million pixels."
    ),
    "picture_broken": _("The picture is damaged and cannot be read. Choose another file."),
    "picture_type": _("This kind of file cannot be used. Choose a PNG, JPEG, WebP or GIF picture."),
    "glyph_unknown": _("There is no picture of this name."),
    "picture_empty": _("The picture is completely transparent. Choose one that shows something."),
}


def of_fields(errors: dict[str, str]) -> dict[str, str]:
    """The sentence of each field."""
    fallback = _("This value does not fit.")
    return {name: str(FIELDS.get(reason, fallback)) for name, reason in errors.items()}
