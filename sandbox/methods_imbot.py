"""imbot.* of the first version: bots."""

from typing import Any

from sandbox import images, php, portal
from sandbox.calls import Call, Method, check_handler, rebind
from sandbox.records import Bot
from sandbox.replies import RestError

# Parameter, event, text when it is missing (None: it may be missing); in the order of checking.
_HANDLERS = (
    ("EVENT_MESSAGE_ADD", "ONIMBOTMESSAGEADD", "Message add"),
    ("EVENT_MESSAGE_UPDATE", "ONIMBOTMESSAGEUPDATE", None),
    ("EVENT_MESSAGE_DELETE", "ONIMBOTMESSAGEDELETE", None),
    ("EVENT_CONTEXT_GET", "ONIMBOTCONTEXTGET", None),
    ("EVENT_WELCOME_MESSAGE", "ONIMBOTJOINCHAT", "Welcome message"),
    ("EVENT_BOT_DELETE", "ONIMBOTDELETE", "Bot delete"),
)
_TYPES = {"B": "bot", "O": "openline", "H": "human", "S": "supervisor"}
_PROPERTIES = (
    "NAME",
    "LAST_NAME",
    "COLOR",
    "EMAIL",
    "PERSONAL_BIRTHDAY",
    "WORK_POSITION",
    "PERSONAL_WWW",
    "PERSONAL_GENDER",
)


def register_bot(call: Call) -> int:
    params = php.upper_keys(call.params)
    if not php.is_empty(params.get("EVENT_HANDLER")):
        params |= {name: params["EVENT_HANDLER"] for name, _, _ in _HANDLERS}
    handlers = _bot_handlers(params)
    code = params.get("CODE")
    if php.is_empty(code):
        raise RestError("CODE_ERROR", "Bot code isn't specified")
    given = params.get("PROPERTIES")
    properties = given if isinstance(given, dict) else {}
    if properties.get("NAME") is None and properties.get("LAST_NAME") is None:
        raise RestError("NAME_ERROR", "Bot name isn't specified")
    bot = next((bot for bot in call.portal.bots if bot.code == php.text(code)), None)
    if bot is None:
        bot = _new_bot(call, params, properties)
    rebind(call, handlers)
    return bot.id


def _bot_handlers(params: php.Params, *, is_update: bool = False) -> dict[str, str]:
    """Event and URL of each handler given; an update needs none. Raises RestError EVENT_*_ERROR."""
    found = {}
    for name, event, title in _HANDLERS:
        if php.is_empty(params.get(name)):
            if title is None or is_update:
                continue
            raise RestError(f"{name}_ERROR", f'Handler for "{title}" event isn\'t specified')
        try:
            check_handler(php.text(params[name]))
        except RestError as exc:
            raise RestError(f"{name}_ERROR", exc.text) from exc
        found[event] = php.text(params[name])
    return found


def _new_bot(call: Call, params: php.Params, properties: php.Params) -> Bot:
    letter = php.text(params.get("TYPE"))
    kept = {
        name: php.text(properties[name]) for name in _PROPERTIES if properties.get(name) is not None
    }
    photo = images.icon_or_nothing(properties.get("PERSONAL_PHOTO"))
    bot = Bot(
        id=call.portal.take_id(),
        code=php.text(params["CODE"]),
        client_id=call.client_id,
        name=php.text(properties.get("NAME")),
        last_name=php.text(properties.get("LAST_NAME")),
        type=_TYPES.get(letter, "bot"),
        api="v1",
        openline=letter == "O" or php.is_yes(params.get("OPENLINE")),
        properties=kept | ({"PERSONAL_PHOTO": photo} if photo else {}),
        event_mode="webhook",
        webhook_url=php.text(params["EVENT_MESSAGE_ADD"]),
    )
    call.portal.bots.append(bot)
    return bot


def unregister_bot(call: Call) -> bool:
    bot = own_bot(call, php.upper_keys(call.params))
    portal.remove_bot(call.world, call.portal, bot, call.user.id, call.grant.hops)
    return True


def own_bot(call: Call, params: php.Params) -> Bot:
    """The bot of BOT_ID, registered by the calling application. Raises RestError."""
    bot = call.portal.bot(php.intval(params.get("BOT_ID")))
    if bot is None:
        raise RestError("BOT_ID_ERROR", "Bot not found")
    if bot.client_id != call.client_id:
        raise RestError("APP_ID_ERROR", "Bot was installed by another rest application")
    return bot


def list_bots(call: Call) -> dict[int, dict[str, Any]]:
    return {
        bot.id: {
            "ID": bot.id,
            "NAME": f"{bot.name} {bot.last_name}".strip(),
            "CODE": bot.code,
            "OPENLINE": "Y" if bot.openline else "N",
        }
        for bot in call.portal.bots
        if bot.type != "network"
    }


def update_bot(call: Call) -> bool:
    params = php.upper_keys(call.params)
    bot = own_bot(call, params)
    given = params.get("FIELDS")
    fields = given if isinstance(given, dict) else {}
    if not php.is_empty(fields.get("EVENT_HANDLER")):
        fields = fields | {name: fields["EVENT_HANDLER"] for name, _, _ in _HANDLERS}
    handlers = _bot_handlers(fields, is_update=True)
    raw = fields.get("PROPERTIES")
    properties = raw if isinstance(raw, dict) else {}
    names = [properties.get(name) for name in ("NAME", "LAST_NAME")]
    if all(name is not None and php.is_empty(name) for name in names):
        raise RestError("NAME_ERROR", "Bot name isn't specified")
    kept = {
        name: php.text(properties[name]) for name in _PROPERTIES if properties.get(name) is not None
    }
    if photo := images.icon_or_nothing(properties.get("PERSONAL_PHOTO")):
        kept["PERSONAL_PHOTO"] = photo
    flags = [name for name in ("CODE", "OPENLINE") if not php.is_empty(fields.get(name))]
    if not kept and not flags and not handlers:
        raise RestError("WRONG_REQUEST", "Update fields can't be empty")
    _change(call, bot, kept, {name: fields[name] for name in flags})
    if handlers:
        rebind(call, handlers)
    return True


def _change(call: Call, bot: Bot, properties: dict[str, str], fields: php.Params) -> None:
    code = php.text(fields.get("CODE"))
    if code and any(row.code == code and row is not bot for row in call.portal.bots):
        raise RestError("WRONG_REQUEST", "Bot can't be updated")
    bot.code = code or bot.code
    if "OPENLINE" in fields:
        bot.openline = php.is_yes(fields["OPENLINE"])
    # An empty name is left out, an empty last name is not.
    if not properties.get("NAME", "x").strip():
        del properties["NAME"]
    bot.name = properties.get("NAME", bot.name)
    bot.last_name = properties.get("LAST_NAME", bot.last_name)
    bot.properties |= properties


METHODS = (
    Method("imbot.register", "imbot", register_bot),
    Method("imbot.update", "imbot", update_bot),
    Method("imbot.unregister", "imbot", unregister_bot),
    Method("imbot.bot.list", "imbot", list_bots, changes=False),
)
