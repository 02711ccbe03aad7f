"""What the things of a portal are called in the language of the person who looks."""

from __future__ import annotations

from b24app.actions.portal import Portal
from b24app.web.lines import Names
from b24app.web.session import session


def of_things(of: Portal) -> Names:
    """The names of those that are there now, by kind and id. Reads every list of the portal."""
    languages = (session().language, of.installation.language, "en")
    return {
        **{("chat_app", str(app.id)): app.title(*languages) for app in of.store.chat_apps.all()},
        **{("bot", str(bot.id)): bot.full_name for bot in of.store.bots.all()},
        **{("command", str(one.id)): f"/{one.name}" for one in of.store.commands.all()},
        **{("connector", one.id): one.name for one in of.store.connectors.all()},
        **{("widget", one.id): one.title(*languages) for one in of.store.widgets.all()},
    }
