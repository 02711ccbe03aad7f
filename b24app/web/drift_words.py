"""The words of the page of differences, by kind of thing, by difference, by what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from flask_babel import LazyString, gettext, ngettext
from flask_babel import lazy_gettext as _

from b24app.actions import bots
from b24app.records import Deed, Drifted, Finding

GROUPS: Final = {
    "bot": _("Bots"),
    "command": _("Commands"),
    "connector": _("Connectors"),
    "widget": _("Widgets"),
    "subscription": _("Events"),
    "chat_app": _("Chat apps"),
}
HOW: Final = {
    Drifted.MISSING: _("Not on the portal"),
    Drifted.UNKNOWN: _("Not on your list"),
    Drifted.DIFFERENT: _("Different"),
}
SUBSCRIPTIONS: Final = {
    Drifted.MISSING: _("Events the portal does not send"),
    Drifted.UNKNOWN: _("Events still sent to an earlier address"),
}
# Why something cannot be done, or what to know before.
WHY: Final = {
    "bot_first": _("Its bot is not on the portal either. Put the bot back first."),
    "code_changed": _(
        "The bot got another code there. A code is what a bot is found by, so the portal's is "
        "the one to keep."
    ),
    "type_changed": _(
        "The bot has another type there. Bitrix24 does not let anyone change the type of a bot, so "
        "the portal's is the one to keep."
    ),
    "one_language": _(
        "The portal tells its title in one language only. Add the others after you have taken "
        "it onto your list."
    ),
    "taken_over": _(
        "Another application may have registered a connector of the same id. Nothing is done to "
        "it on the portal, as Bitrix24 does not say whose it is."
    ),
    "unsure": _(
        "The portal's answer to your last change was lost. Send yours again to be certain."
    ),
    "lost_answer": _(
        "Somebody began to create it here, and the portal's answer was lost. If it is yours, "
        "create it again under the same id: it is not registered twice. Bitrix24 does not say "
        "whose it is, so nothing else is offered."
    ),
    "page_unknown": _(
        "Only this application knew which page belongs to it, and that is not recorded any more. "
        "It cannot be taken onto the list."
    ),
    "not_ours": _("The portal says that another application registered it."),
}
UNSEEN: Final = {
    "bot": _("Bots could not be compared."),
    "command": _("Commands could not be compared."),
    "connector": _("Connectors could not be compared."),
    "widget": _("Widgets could not be compared."),
    "subscription": _("Events could not be compared."),
}
NOT_LISTED: Final = _(
    "This portal's version does not list commands. They are asked for one by one, below."
)


@dataclass(frozen=True)
class Offer:
    """A button: its label; where it asks first, the question and its explanation.

    ``danger``: something is taken off the portal.
    """

    label: LazyString
    title: LazyString | None = None
    text: LazyString | str | None = None
    danger: bool = False


BACK: Final = Offer(_("Put it back on the portal"))
SEND: Final = Offer(
    _("Send yours to the portal"),
    _("Send yours to the portal?"),
    _("The portal's values are replaced by those of your list."),
)
TAKE: Final = Offer(
    _("Take the portal's values"),
    _("Take the portal's values?"),
    _("The values of your list are replaced. On the portal nothing is changed."),
)
LIST: Final = Offer(_("Take it onto your list"))
OFF: Final = Offer(
    _("Take it off your list"),
    _("Take it off your list?"),
    _("On the portal nothing is changed. Activity keeps what it was."),
)
OFF_BOT: Final = Offer(
    _("Take it off your list"),
    _("Take it off your list?"),
    _("Its commands and chat apps go off your list too. Activity keeps what they were."),
)
UNREGISTER: Final = Offer(
    _("Unregister on the portal"),
    _("Unregister it on the portal?"),
    _("It is removed for everyone. Activity keeps what the portal told of it."),
    danger=True,
)
DELETE_BOT: Final = Offer(
    _("Delete on the portal"),
    _("Delete this bot on the portal?"),
    _(
        "Deleted with it: its commands, its chat apps, and the private chats of everybody who has "
        "written with it. This portal does not tell which commands and chat apps it has, so only "
        "the bot itself can come back."
    ),
    danger=True,
)
UNBIND_WIDGET: Final = Offer(
    _("Remove from the portal"),
    _("Remove it from the portal?"),
    _("People do not see it in their chats any more. It cannot be brought back from here."),
    danger=True,
)
OFFERS: Final[Mapping[tuple[str, Drifted, Deed], Offer]] = {
    ("bot", Drifted.MISSING, Deed.FORGET): OFF_BOT,
    ("bot", Drifted.UNKNOWN, Deed.FORGET): DELETE_BOT,
    ("widget", Drifted.UNKNOWN, Deed.FORGET): UNBIND_WIDGET,
    ("subscription", Drifted.MISSING, Deed.RESTORE): Offer(_("Bind them again")),
    ("subscription", Drifted.UNKNOWN, Deed.FORGET): Offer(_("Unbind them")),
}
USUAL: Final[Mapping[tuple[Drifted, Deed], Offer]] = {
    (Drifted.MISSING, Deed.RESTORE): BACK,
    (Drifted.MISSING, Deed.FORGET): OFF,
    (Drifted.DIFFERENT, Deed.RESTORE): SEND,
    (Drifted.DIFFERENT, Deed.ADOPT): TAKE,
    (Drifted.DIFFERENT, Deed.FORGET): OFF,
    (Drifted.UNKNOWN, Deed.ADOPT): LIST,
    (Drifted.UNKNOWN, Deed.FORGET): UNREGISTER,
}
RESULTS: Final[Mapping[tuple[Drifted, Deed], LazyString]] = {
    (Drifted.MISSING, Deed.RESTORE): _("Done. It is on the portal again."),
    (Drifted.MISSING, Deed.FORGET): _("It is off your list. On the portal nothing was changed."),
    (Drifted.DIFFERENT, Deed.RESTORE): _("Done. The portal has the values of your list."),
    (Drifted.DIFFERENT, Deed.ADOPT): _("Done. Your list has the portal's values."),
    (Drifted.DIFFERENT, Deed.FORGET): _("It is off your list. On the portal nothing was changed."),
    (Drifted.UNKNOWN, Deed.ADOPT): _("It is on your list now. On the portal nothing was changed."),
    (Drifted.UNKNOWN, Deed.FORGET): _("Done. It is not on the portal any more."),
}
RESTORED_SUBSCRIPTIONS: Final = _("Done. The portal sends its events here.")
STALE: Final = _("That had changed meanwhile, so nothing was done. This is how it stands now.")
FOLLOWING: Final = _("Its commands and chat apps follow: see Work with many.")


def offer(finding: Finding, deed: Deed) -> Offer:
    """The button of a deed; where a bot goes with commands that are told, it says how many."""
    found = OFFERS.get((finding.thing, finding.how, deed)) or USUAL[finding.how, deed]
    if found is not DELETE_BOT or finding.commands is None:
        return found
    return replace(found, text=_what_goes(len(finding.commands)))


def _what_goes(commands: int) -> str:
    text: str = gettext(
        "Deleted with it: %(commands)s, its chat apps, and the private chats of everybody who has "
        "written with it. Bitrix24 does not tell which chat apps it has, so they cannot come back, "
        "nor can the chats. Activity keeps everything else.",
        commands=ngettext("%(num)d command", "%(num)d commands", commands),
    )
    if not (beyond := bots.beyond_history(commands)):
        return text
    limit = gettext(
        "Activity keeps the newest 1,000 changes: %(count)s of these cannot come back.",
        count=beyond,
    )
    return f"{text} {limit}"
