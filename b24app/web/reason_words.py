"""What a person reads where an error's class says too little: by method, by code, by reason."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _

from b24app.web.sentences import TELL, Reply

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
