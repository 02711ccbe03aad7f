"""What a person reads: one row for each error class, one sentence for each field's reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from b24app import errors
from b24app.errors import B24AppError


@dataclass(frozen=True)
class Reply:
    """A status and what the person reads: what happened, and the next step."""

    status: int
    kind: str
    title: LazyString | str
    text: LazyString
    next_step: LazyString


AGAIN = _("Try again in a minute.")
OPEN_AGAIN = _("Open the application again from the portal's menu.")
TELL = _("If it happens again, tell the person who runs this application.")
IN_DOUBT = _("If you were changing something, it is not certain whether it arrived.")

REPLIES: Final[dict[type[B24AppError], Reply]] = {
    errors.BadPayload: Reply(
        400,
        "error",
        _("The request cannot be read"),
        _("Something that should have come from your portal is missing or damaged."),
        OPEN_AGAIN,
    ),
    errors.TooLarge: Reply(
        413, "error", _("That is too much at once"), _("The file or text is too big."), AGAIN
    ),
    errors.Unproven: Reply(
        403,
        "error",
        _("Your portal could not be recognised"),
        _("Bitrix24 did not confirm where this request comes from. Nothing was changed."),
        OPEN_AGAIN,
    ),
    errors.BadApplicationToken: Reply(
        403, "error", _("Not accepted"), _("This event is not from an installed portal."), AGAIN
    ),
    errors.SessionExpired: Reply(
        401,
        "info",
        _("Your session is over"),
        _("For your safety a session lasts an hour. Nothing was changed."),
        OPEN_AGAIN,
    ),
    errors.NotAdmin: Reply(
        403,
        "info",
        _("This page is for administrators"),
        _("Administrators of your portal set up its chat apps. You can use them in the chat."),
        _("If you need one, ask an administrator of your portal."),
    ),
    errors.NotFound: Reply(
        404,
        "warning",
        _("It is not here any more"),
        _("Somebody may have removed it meanwhile."),
        _("Go back to the list to see what is there now."),
    ),
    errors.Conflict: Reply(
        409,
        "warning",
        _("Another administrator saved meanwhile"),
        _("Nothing of yours was sent to the portal."),
        _("Go back to the list and open it again."),
    ),
    errors.NotConfirmed: Reply(
        422,
        "warning",
        _("The name is another one"),
        _("Nothing was deleted."),
        _("Press Delete again and type the bot's name as it stands on the page."),
    ),
    errors.NotInstalled: Reply(
        404,
        "info",
        _("The application is not installed yet"),
        _("This portal has not finished installing the application."),
        _("An administrator installs it: Applications, then Install, then open it once."),
    ),
    errors.AuthorizationLost: Reply(
        409,
        "error",
        _("The connection to your portal is interrupted"),
        _("The portal does not accept the application's access any more. Your settings are kept."),
        _("Open the application again as an administrator; that renews the access."),
    ),
    errors.PortalError: Reply(
        502,
        "error",
        _("The portal said no"),
        _("Your portal did not accept the change, so nothing was saved."),
        TELL,
    ),
    errors.AccessDenied: Reply(
        502,
        "error",
        _("The portal does not allow this"),
        _("A permission is missing, so nothing was saved."),
        _("Check that the application has the permissions imbot and im in your portal."),
    ),
    errors.UserShutOut: Reply(
        502,
        "error",
        _("The portal has not let you in"),
        _("Your portal limits who may use this application, so nothing was saved."),
        _("Ask for access where the portal's administrators manage applications."),
    ),
    errors.PlanTooSmall: Reply(
        502,
        "error",
        _("The portal does not allow this"),
        _("Your portal's plan does not include this function, so nothing was saved."),
        _("Choose another plan in your portal, then try again."),
    ),
    errors.Rejected: Reply(
        502,
        "error",
        _("The portal said no"),
        _("Your portal did not accept the change, so nothing was saved."),
        TELL,
    ),
    errors.ApplicationBlocked: Reply(
        502,
        "error",
        _("Bitrix24 has blocked this application in your portal"),
        _("The block was set by hand. Nothing was saved."),
        _("Ask Bitrix24's technical support to lift the block, then try again."),
    ),
    errors.ConfirmationNeeded: Reply(
        502,
        "warning",
        _("An administrator has to allow this first"),
        _("Your portal asks its administrators for a confirmation. Nothing was changed yet."),
        _("Look for the question in the portal's notifications, then try again."),
    ),
    errors.PortalTrouble: Reply(
        502,
        "warning",
        _("The portal has a problem of its own"),
        IN_DOUBT,
        _("Try again with the same values; nothing is registered twice."),
    ),
    errors.MethodGone: Reply(
        502,
        "error",
        _("The portal cannot do this"),
        _("Your portal's version does not offer this function, so nothing was saved."),
        TELL,
    ),
    errors.NotOurs: Reply(
        409,
        "warning",
        _("It belongs to another application"),
        _("The portal says that another application registered this. Nothing was changed there."),
        _("You can take it off this list; the portal keeps it."),
    ),
    errors.AlreadyGone: Reply(
        409,
        "warning",
        _("The portal does not have it any more"),
        _("Somebody removed it there. Your settings are kept."),
        _("Use Republish to put it back, or unregister it to take it off this list."),
    ),
    errors.LimitReached: Reply(
        502,
        "warning",
        _("The portal takes no more bots from this application"),
        _("It allows a limited number, and that is reached. Nothing was saved."),
        _("Use one of the bots that are there, or delete one first."),
    ),
    errors.RateLimited: Reply(
        503, "warning", _("The portal is busy"), _("It takes no more requests just now."), AGAIN
    ),
    errors.MethodBlocked: Reply(
        503,
        "warning",
        _("The portal is busy"),
        _("The portal has paused this function for some minutes. Nothing was changed."),
        _("Try again in ten minutes."),
    ),
    errors.Unfinished: Reply(
        409,
        "error",
        _("Only a part of the change arrived"),
        _("The portal stopped half-way, and what was before could not be put back everywhere."),
        _("Save again in a minute; what is done already is not done twice."),
    ),
    errors.PortalUnreachable: Reply(
        502,
        "warning",
        _("The portal does not answer"),
        IN_DOUBT,
        _("Try again with the same values; nothing is registered twice."),
    ),
    errors.AuthServerUnreachable: Reply(
        502,
        "warning",
        _("Bitrix24's authorization server does not answer"),
        _("Your access is not lost."),
        AGAIN,
    ),
    errors.AuthServerRefused: Reply(
        502,
        "error",
        _("Bitrix24 does not accept the application's keys"),
        _("Nothing was changed."),
        TELL,
    ),
    errors.Busy: Reply(
        503,
        "warning",
        _("The portal is busy"),
        _("Another change of this portal is not finished yet. Nothing of yours was changed."),
        AGAIN,
    ),
    errors.StoreUnavailable: Reply(
        503,
        "warning",
        _("The application is pausing"),
        _("Its data store does not answer. Your last change may not have been noted."),
        _("Try again in a minute, and look whether the change is there."),
    ),
}
# Of the methods of Open Channels, by the first word of their names.
NO_CHANNELS: Final = Reply(
    502,
    "error",
    _("The portal does not allow this"),
    _("A permission is missing, so nothing was saved."),
    _("Check that the application has the permission imopenlines, and the portal Open Channels."),
)
NO_PLACES: Final = Reply(
    502,
    "error",
    _("The portal does not allow this"),
    _("Only an administrator may, and a permission may be missing. Nothing was saved."),
    _("Check that the application has the permission placement, and open it as an administrator."),
)
DENIED: Final = {
    "imconnector": NO_CHANNELS,
    "imopenlines": NO_CHANNELS,
    "placement": NO_PLACES,
}
BAD_ADDRESS: Final = Reply(
    502,
    "error",
    _("The portal does not accept this application's own address"),
    _("A widget opens a page of this application, so its address must be public."),
    _("Tell the person who runs this application: APP_URL must be a public https address."),
)
# By the portal's own code, where a class says too little.
CODES: Final = {
    "ERROR_PLACEMENT_NOT_FOUND": Reply(
        502,
        "error",
        _("The portal does not know this place"),
        _("It may lack the new messenger, or the application the permission. Nothing was saved."),
        _("Check that the application has the permission placement, then update your portal."),
    ),
    "ERROR_PLACEMENT_MAX_COUNT": Reply(
        502,
        "warning",
        _("The place is full"),
        _("The portal takes no more widgets of this application there. Nothing was saved."),
        _("Choose another place, or unregister a widget that stands there."),
    ),
    "ERROR_PLACEMENT_USER_MODE": Reply(
        502,
        "error",
        _("The portal cannot do this"),
        _("It does not offer widgets for individual users at this place. Nothing was saved."),
        TELL,
    ),
    "METHOD_CONFIRM_DENIED": Reply(
        502,
        "error",
        _("The portal does not allow this"),
        _("An administrator of your portal has refused this. Nothing was changed."),
        _("Ask the portal's administrators, then try again."),
    ),
    "ERROR_UNSUPPORTED_PROTOCOL": BAD_ADDRESS,
    "ERROR_WRONG_HANDLER_URL": BAD_ADDRESS,
}
UNINSTALLED: Final = Reply(
    409,
    "error",
    _("The portal does not have the application any more"),
    _("It was switched off or removed there. Your settings are kept."),
    _("Install it again in the portal."),
)
REASONS: Final = {
    "invalid_token": Reply(
        409,
        "error",
        _("The portal does not know our access any more"),
        _("It was withdrawn, or belongs to an installation from before. Your settings are kept."),
        _("Open the application again as an administrator; that renews the access."),
    ),
    "authorization_error": Reply(
        409,
        "error",
        _("The person whose access was used cannot sign in any more"),
        _("Somebody may have left the company. Your settings are kept."),
        _("Open the application again as an administrator; that renews the access."),
    ),
    "user_access_error": Reply(
        409,
        "error",
        _("The person whose access was used may not use the application any more"),
        _("Your portal limits who may use this application. Your settings are kept."),
        _("An administrator who may use it opens the application again; that renews the access."),
    ),
    "application_not_found": UNINSTALLED,
    "not_installed": UNINSTALLED,
    "error_oauth": UNINSTALLED,
    "spent": Reply(
        409,
        "error",
        _("The connection to your portal was cut off"),
        _("A renewal was interrupted, and its answer is lost. Your settings are kept."),
        _("Open the application again as an administrator; that renews the access."),
    ),
    "unreadable": Reply(
        409,
        "error",
        _("The application cannot read the access it has stored"),
        _("An encryption key is missing on our side. Your settings are kept."),
        _("Open the application again as an administrator; that renews the access."),
    ),
    "no_chain": Reply(
        409,
        "error",
        _("The application has no administrator's access"),
        _("Nobody whose access was stored is an administrator any more. Your settings are kept."),
        _("Open the application again as an administrator; that renews the access."),
    ),
    "payment_required": Reply(
        409,
        "warning",
        _("The portal's plan does not include this application"),
        _("A trial, a plan or a subscription has ended. Your settings are kept."),
        _("Renew it in your portal, then open the application again."),
    ),
    "portal_deleted": Reply(
        409,
        "error",
        _("The portal is closed"),
        _("Bitrix24 says that this portal was deleted. Nothing was changed."),
        TELL,
    ),
}
# The titles of these, where the person's name is known.
NAMED: Final = {
    "authorization_error": _("%(name)s cannot sign in to the portal any more"),
    "user_access_error": _("%(name)s may not use the application any more"),
}
UNEXPECTED: Final = Reply(
    500, "error", _("Something went wrong on our side"), _("The error was noted."), TELL
)
NOWHERE: Final = Reply(
    404,
    "info",
    _("There is no such page"),
    _("The address leads nowhere."),
    OPEN_AGAIN,
)


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
    "picture_empty": _("The picture is completely transparent. Choose one that shows something."),
}


def of_fields(errors: dict[str, str]) -> dict[str, str]:
    """The sentence of each field."""
    fallback = _("This value does not fit.")
    return {name: str(FIELDS.get(reason, fallback)) for name, reason in errors.items()}
