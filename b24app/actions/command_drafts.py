"""What an administrator typed for a slash command, and the rules it must keep.

Platform facts: b24restdocs: chat-bots-v2/imbot.v2/commands/command-register.md;
chat-bots/outdated/commands/imbot-command-register.md; bitrix-modules: im/lib/command.php.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from b24app.actions import checks
from b24app.records import BotApi, Command, Hint, Text

# What the messenger takes for a command ends at the first space; "0" is empty to the portal.
NAME: Final = re.compile(r"(?!0$)[\w+.-]{1,50}")


@dataclass(frozen=True)
class CommandDraft:
    """A command as typed; texts stay as they came so that a form can show them again."""

    version: int = 0
    bot_id: str = ""
    name: str = ""
    common: bool = False
    hidden: bool = False
    extranet: bool = False
    translations: tuple[Hint, ...] = ()
    replies: tuple[Text, ...] = ()


def of_command(command: Command) -> CommandDraft:
    """The draft an administrator starts editing from."""
    return CommandDraft(
        version=command.version,
        bot_id=str(command.bot_id),
        name=command.name,
        common=command.common,
        hidden=command.hidden,
        extranet=command.extranet,
        translations=command.translations,
        replies=command.replies,
    )


def check(draft: CommandDraft, api: BotApi, current: Command | None = None) -> Command:
    """The command the draft means; raises BadPayload with a reason for each wrong field.

    ``current`` is the command being edited: its id and bot stay, and its name and who may use it
    too where ``api``, the methods of its bot, cannot change them. For a new one id and bot are 0
    until the portal has spoken.
    """
    errors: dict[str, str] = {}
    base = current or Command(id=0, bot_id=0, name="", translations=())
    fixed = current is not None and api is BotApi.V1
    wanted = replace(
        base,
        hidden=draft.hidden,
        extranet=draft.extranet,
        translations=_translations(draft, errors),
        replies=checks.rows(draft.replies, "replies", errors, most=checks.MAX_MESSAGE),
        **({} if fixed else _changeable(draft, errors)),
    )
    checks.refuse(errors)
    return wanted


def _changeable(draft: CommandDraft, errors: dict[str, str]) -> dict[str, Any]:
    """What imbot.command.update takes and forgets (bitrix-modules: im/…/im_rest.php)."""
    name = draft.name.strip().removeprefix("/")
    if not name:
        errors["name"] = "required"
    elif not NAME.fullmatch(name):
        errors["name"] = "command_malformed"
    return {"name": name, "common": draft.common}


def _translations(draft: CommandDraft, errors: dict[str, str]) -> tuple[Hint, ...]:
    kept = checks.rows(draft.translations, "translations", errors)
    if not kept:
        errors["translations"] = "command_no_title"
    return kept
