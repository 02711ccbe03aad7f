"""What the connection page says: a title for each topic, a sentence for each state of it.

The operator's wording of the same lines is in ``cli_portals``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from b24app.actions.findings import Health, Mend
from b24app.records import ChainState, Outcome

HEALTH: Final = {
    Health.GREEN: _("In order"),
    Health.AMBER: _("Worth a look"),
    Health.RED: _("Needs mending"),
    Health.PENDING: _("Asking…"),
}
VERDICTS: Final = {
    Health.GREEN: _("Everything works."),
    Health.AMBER: _("Everything works, and something is worth a look."),
    Health.RED: _("Something does not work. Below is what, and what mends it."),
    Health.PENDING: _("Asking your portal…"),
}
MENDS: Final = {
    Mend.CHECK: _("Check again"),
    Mend.BIND: _("Subscribe again"),
    Mend.RECONNECT: _("Reconnect"),
    Mend.FINISH: _("Finish the installation"),
    Mend.RETRY: _("Run again"),
}
# What is said when the portal stays silent about something only it can do.
UNHEARD: Final = {
    Mend.RECONNECT: _(
        "The portal does not react. Open the application again from the portal's menu: that "
        "brings new access."
    ),
    Mend.FINISH: _(
        "The portal does not react. Reload the portal's page and open the application again: it "
        "then shows the installer."
    ),
}
GROUPS: Final = (
    (_("Access"), ("installation", "access", "server", "token", "scopes")),
    (_("The portal"), ("portal", "clock", "budget")),
    (_("Events"), ("address", "subscriptions", "events")),
)
TITLES: Final = {
    "installation": _("Installation"),
    "access": _("Access to the portal"),
    "server": _("Bitrix24's authorization server"),
    "token": _("Signature of events"),
    "scopes": _("Permissions"),
    "portal": _("Answers of the portal"),
    "clock": _("Clocks"),
    "budget": _("Room for requests"),
    "address": _("Address of this application"),
    "subscriptions": _("Subscriptions to events"),
    "events": _("Events received"),
}
PENDING: Final = _("The portal is being asked.")
TEXTS: Final[Mapping[tuple[str, str], LazyString]] = {
    ("installation", "finished"): _("Complete since %(at)s."),
    ("installation", "unfinished"): _(
        "The portal has not been told that the installation is complete. Until then it sends no "
        "events, and other people cannot open the application."
    ),
    ("installation", "suspended"): _(
        "Paused: what was paid for has ended. Your settings are kept, and it goes on by itself "
        "once it is paid for again."
    ),
    ("installation", "leaving"): _(
        "The portal has said that the application was uninstalled there. Bitrix24 is being asked "
        "whether that is so."
    ),
    ("installation", "unknown"): _(
        "Stored since %(at)s. Whether it is complete could not be asked just now."
    ),
    ("access", "alive"): _(
        "%(name)s gave the access that is in use. Administrators in reserve: %(spares)s."
    ),
    ("access", "waiting"): _(
        "No access is left that works. Nothing can be changed in the portal until an "
        "administrator opens the application again; your settings are kept."
    ),
    ("access", "unpaid"): _(
        "Since %(since)s Bitrix24 says that a trial, a plan or a subscription has ended. Renew it "
        "in the portal; then everything goes on by itself."
    ),
    ("access", "removed"): _(
        "Since %(since)s Bitrix24 says that the application is not installed any more. Install "
        "it again in the portal; your settings are kept."
    ),
    ("access", "deleted"): _("Since %(since)s Bitrix24 says that this portal was deleted."),
    ("access", "keys"): _(
        "Since %(since)s Bitrix24 refuses the application's own keys. Tell the person who runs "
        "this application; your portal is not to blame."
    ),
    ("access", "away"): _(
        "Since %(since)s the access could not be renewed, because Bitrix24's authorization "
        "server did not answer. Nothing is lost; it is tried again by itself."
    ),
    ("access", "refused"): _(
        "Since %(since)s Bitrix24 refuses to renew the access, with the word %(reason)s. Open the "
        "application again as an administrator; if that does not help, install it again."
    ),
    ("server", "confirmed"): _("%(server)s answers and knows our access (%(milliseconds)s ms)."),
    ("server", "renewed"): _("%(server)s answers: it has just renewed our access."),
    ("server", "silent"): _(
        "%(server)s does not answer. The access we have works for up to an hour; then it is "
        "needed to renew it."
    ),
    ("server", "refused"): _("%(server)s does not know our access any more."),
    ("server", "keys"): _(
        "%(server)s refuses the application's own keys. Tell the person who runs this "
        "application; your portal is not to blame."
    ),
    ("server", "unlisted"): _(
        "%(server)s is not on this application's list of servers. Tell the person who runs this "
        "application."
    ),
    ("server", "unknown"): _("%(server)s could not be asked just now."),
    ("token", "known"): _("Known: forged events are told from true ones."),
    ("token", "unknown"): _(
        "Not known yet, so no event of your portal can be believed. Opening the application "
        "again brings it; older portals send it with their next event of an installation."
    ),
    ("scopes", "complete"): _("Everything the application needs is granted: %(granted)s."),
    ("scopes", "missing"): _(
        "Granted: %(granted)s. Add what is missing in the application's card (Developer "
        "resources), then update the application in the portal."
    ),
    ("portal", "fast"): _("%(domain)s answered in %(milliseconds)s ms."),
    ("portal", "slow"): _("%(domain)s took %(milliseconds)s ms. Saving works and may feel slow."),
    ("portal", "silent"): _(
        "%(domain)s does not answer. Is the portal open to the internet, and its certificate valid?"
    ),
    ("portal", "deleted"): _("%(domain)s says that this portal was deleted."),
    ("portal", "shut"): _("%(domain)s does not accept our access."),
    ("portal", "busy"): _("%(domain)s takes no more requests just now."),
    ("portal", "refused"): _("%(domain)s refuses our questions (%(code)s)."),
    ("portal", "unasked"): _("%(domain)s was not asked, because there is no access to it."),
    ("portal", "unknown"): _("%(domain)s could not be asked just now."),
    ("clock", "right"): _("Ours and the portal's agree: %(seconds)s s apart."),
    ("clock", "off"): _(
        "Ours and the portal's differ by %(seconds)s s. Access may seem to end too early or too "
        "late."
    ),
    ("clock", "wrong"): _(
        "Ours and the portal's differ by %(seconds)s s. Signing in and renewing access may fail. "
        "Tell the person who runs this application."
    ),
    ("clock", "unknown"): _("The portal could not be asked for its time."),
    ("budget", "free"): _("%(level)s of the portal's limit is used."),
    ("budget", "full"): _(
        "%(level)s of the portal's limit is used: much is being sent just now. Saving may wait "
        "some seconds."
    ),
    ("budget", "narrowed"): _(
        "The portal has refused requests: other applications at our address use it too. We send "
        "at %(width)s of the usual speed and get faster again by ourselves."
    ),
    ("budget", "blocked"): _(
        "The portal has paused what has taken much of its time. Everything else works; what is "
        "paused works again from the time below, and nothing need be done."
    ),
    ("address", "good"): _("%(address)s is one the portal accepts."),
    ("address", "plain"): _(
        "%(address)s is not https. Portals do not show it in a frame. Tell the person who runs "
        "this application."
    ),
    ("address", "dotless"): _(
        "The portal refuses %(address)s, because its name has no dot. Tell the person who runs "
        "this application."
    ),
    ("address", "elsewhere"): _(
        "This page was opened at %(opened_at)s, but the application gives %(address)s as its "
        "address: events go there. Tell the person who runs this application."
    ),
    ("subscriptions", "complete"): _("The portal sends us every event we need."),
    ("subscriptions", "missing"): _(
        "The portal does not send us all events. Without them we do not learn of updates and "
        "uninstalls. Missing: %(missing)s."
    ),
    ("subscriptions", "stale"): _(
        "The portal still sends events to an earlier address: %(stale)s. That does no harm and "
        "can be ended."
    ),
    ("subscriptions", "unknown"): _("The portal could not be asked just now."),
    ("events", "seen"): _("The last one, %(name)s, was done on %(last)s."),
    ("events", "waiting"): _("Waiting to be done: %(waiting)s."),
    ("events", "none"): _(
        "None yet. The portal sends the first one when the installation is finished; if none "
        "comes after a change there, its way to us is closed."
    ),
    ("events", "refused"): _(
        "Within a day somebody has sent events that are not from your portal (%(refused)s are "
        "kept below). They were refused and have changed nothing. Only if events of your portal "
        "are missing since then, open the application again: that brings its present signature."
    ),
    ("events", "refuted"): _(
        "On %(since)s an uninstall event was found to be false. Everybody who may open the "
        "application can send one. Nothing was removed, and nothing need be done."
    ),
    ("events", "failed"): _(
        "Could not be done and kept: %(dead)s. Mend what is red on this page first, then run "
        "them again."
    ),
    ("events", "postponed"): _(
        "Could not be done at once: %(later)s. They are tried again by themselves, the next on "
        "%(due)s."
    ),
    ("events", "stuck"): _(
        "Waiting to be done: %(waiting)s. Tell the person who runs this application: its "
        "worker may have stopped."
    ),
}
LOSSES: Final = {
    "imbot": _("Without imbot: no chat apps, bots and commands."),
    "imopenlines": _("Without imopenlines: no connectors of Open Channels."),
    "placement": _("Without placement: no widgets in the new messenger."),
}
CHAIN_STATES: Final = {
    ChainState.ALIVE: _("In use"),
    ChainState.SPARE: _("In reserve"),
    ChainState.SPENT: _("Cut off"),
    ChainState.DEAD: _("Ended"),
    ChainState.UNREADABLE: _("Locked"),
}
CHAIN_REASONS: Final = {
    ChainState.SPENT: _(
        "A renewal was interrupted. Opening the application again brings new access."
    ),
    ChainState.DEAD: _(
        "Bitrix24 does not renew it any more: it was withdrawn, too old, or the person has left."
    ),
    ChainState.UNREADABLE: _("It was sealed with a key this application does not have any more."),
}
# What the portal itself has said of a person.
PERSONAL_REASONS: Final = {
    "authorization_error": _("%(name)s cannot sign in to the portal any more."),
    "user_access_error": _(
        "%(name)s may not use the application any more: your portal limits who may."
    ),
}
OUTCOMES: Final = {
    Outcome.DONE: _("Done"),
    Outcome.DUPLICATE: _("Came twice, done once"),
    Outcome.FAILED: _("Failed"),
    Outcome.REFUSED: _("Not from your portal, refused"),
}
