"""What an administrator typed for a bot, and the rules it must keep.

Platform facts: b24restdocs: chat-bots-v2/imbot.v2/bots/bot-register.md, bot-update.md;
chat-bots/outdated/bots/imbot-register.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from b24app.actions import avatars, checks, pictures
from b24app.actions.checks import MAX_TEXT
from b24app.records import Bot, BotApi, BotType, Text

# The messenger's palette without its unsafe colour (bitrix-modules: im/lib/color.php).
COLORS: Final = (
    *("RED", "GREEN", "MINT", "LIGHT_BLUE", "DARK_BLUE", "PURPLE", "AQUA", "PINK"),
    *("LIME", "BROWN", "AZURE", "KHAKI", "SAND", "MARENGO", "GRAY", "GRAPHITE"),
)
GENDERS: Final = ("", "M", "F")
MAX_NAME: Final = 50  # a bot is a user of the portal, and a user's names are this long at most


@dataclass(frozen=True)
class BotDraft:
    """A bot as typed; texts stay as they came so that a form can show them again."""

    version: int = 0
    code: str = ""
    type: str = BotType.BOT.value
    name: str = ""
    last_name: str = ""
    position: str = ""
    color: str = "AZURE"
    gender: str = ""
    avatar: str = field(default="", repr=False)
    hidden: bool = False
    reactions: bool = True
    welcome: tuple[Text, ...] = ()


def of_bot(bot: Bot) -> BotDraft:
    """The draft an administrator starts editing from."""
    return BotDraft(
        version=bot.version,
        code=bot.code,
        type=bot.type.value,
        name=bot.name,
        last_name=bot.last_name,
        position=bot.position,
        color=bot.color,
        gender=bot.gender,
        hidden=bot.hidden,
        reactions=bot.reactions,
        welcome=bot.welcome,
    )


def check(draft: BotDraft, current: Bot | None = None) -> Bot:
    """The bot the draft means; raises BadPayload with a reason for each wrong field.

    ``current`` is the bot being edited: its id, code and type stay, its avatar stays unless the
    draft brings one, and so does what its family of methods cannot change. For a new one the id
    is 0 until the portal has spoken.
    """
    errors: dict[str, str] = {}
    base = current or _blank(draft, errors)
    color, gender = _choices(draft, base, errors)
    wanted = replace(
        base,
        name=checks.line(draft.name, "name", errors, most=MAX_NAME, needed=True),
        last_name=checks.line(draft.last_name, "last_name", errors, most=MAX_NAME),
        position=checks.line(draft.position, "position", errors, most=MAX_TEXT),
        color=color,
        gender=gender,
        avatar=new_avatar(draft, errors) or base.avatar,
        welcome=checks.rows(draft.welcome, "welcome", errors, most=checks.MAX_MESSAGE),
        **_switches(draft, current),
    )
    checks.refuse(errors)
    return wanted


def new_avatar(draft: BotDraft, errors: dict[str, str]) -> bytes:
    """The avatar that came back with the form; empty without one, or when ``errors`` says why."""
    return pictures.sent_back(draft.avatar, avatars.make_avatar, "avatar", errors)


def _blank(draft: BotDraft, errors: dict[str, str]) -> Bot:
    """A new bot with what can only be chosen now; which methods it answers to is seen later."""
    return Bot(
        id=0,
        code=checks.code(draft.code, errors),
        name="",
        api=BotApi.V2,
        type=checks.option(BotType, draft.type, "type", errors),
    )


def _choices(draft: BotDraft, base: Bot, errors: dict[str, str]) -> tuple[str, str]:
    """Colour and gender; a bot that never had a colour chosen may stay so."""
    if draft.color not in COLORS and (draft.color or base.color):
        errors["color"] = "unknown_choice"
    if draft.gender not in GENDERS:
        errors["gender"] = "unknown_choice"
    return draft.color, draft.gender


def _switches(draft: BotDraft, current: Bot | None) -> dict[str, Any]:
    """The first family of methods knows none of them (b24restdocs: imbot-update.md)."""
    if current and current.api is BotApi.V1:
        return {}
    return {"hidden": draft.hidden, "reactions": draft.reactions}
