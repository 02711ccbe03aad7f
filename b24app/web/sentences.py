"""What a person reads of an error: one row for each class.

Where the portal or the authorization server gave a reason there is more to say
(``reason_words.py``), and where a field of a form does not fit (``field_words.py``).
"""

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
