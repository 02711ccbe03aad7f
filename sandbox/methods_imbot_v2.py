"""imbot.v2.Bot.*: bots of the second version."""

from typing import Any

from sandbox import events, images, php, portal
from sandbox.calls import Call, Method, check_handler, rebind
from sandbox.records import Bot
from sandbox.replies import RestError

TYPES = ("bot", "network", "openline", "supervisor", "personal")
BACKGROUNDS = ("azure", "mint", "steel", "slate", "teal", "cornflower", "sky", "peach", "frost")
_OLD_NAMES = {
    "eventMode": "EVENT_MODE",
    "webhookUrl": "WEBHOOK_URL",
    "isHidden": "IS_HIDDEN",
    "isReactionsEnabled": "IS_REACTIONS_ENABLED",
    "isSupportOpenline": "IS_SUPPORT_OPENLINE",
    "backgroundId": "BACKGROUND_ID",
    "lastName": "LAST_NAME",
    "workPosition": "WORK_POSITION",
}


def _get(fields: php.Params, name: str, default: php.Value = None) -> php.Value:
    """A field by its camelCase name, else by its upper-case one."""
    value = fields.get(name)
    if value is None:
        value = fields.get(_OLD_NAMES.get(name, name.upper()))
    return default if value is None else value


def _map(value: php.Value) -> php.Params:
    return value if isinstance(value, dict) else {}


def register(call: Call) -> dict[str, Any]:
    fields = _map(_get(call.params, "fields"))
    code = php.text(_get(fields, "code", ""))
    properties = _map(_get(fields, "properties"))
    mode = php.text(_get(fields, "eventMode", "fetch")).lower()
    url = php.text(_get(fields, "webhookUrl", ""))
    _check_form(code, properties, mode, url)
    taken = next((bot for bot in call.portal.bots if bot.code == code), None)
    if taken is not None:
        if taken.client_id != call.client_id:
            raise RestError("BOT_CODE_ALREADY_TAKEN", "Bot with this code already exists")
        return _answer(call, taken)
    own = [bot for bot in call.portal.bots if bot.client_id == call.client_id]
    if len(own) >= call.world.faults.bot_limit:
        raise RestError("BOT_LIMIT_EXCEEDED", "Bot registration limit exceeded")
    if _get(fields, "type", "bot") not in TYPES:
        raise RestError("BOT_INVALID_TYPE", "Invalid bot type")
    if mode == "webhook":
        try:
            check_handler(url)
        except RestError as exc:
            raise RestError("BOT_INVALID_CALLBACK", exc.text) from exc
    bot = _new_bot(call, fields, code, mode, url)
    call.portal.bots.append(bot)
    if mode == "webhook":
        rebind(call, dict.fromkeys(events.BOT_V2_EVENTS, url))
    return _answer(call, bot)


def _check_form(code: str, properties: php.Params, mode: str, url: str) -> None:
    if not code:
        raise RestError("BOT_CODE_REQUIRED", "Bot code is required")
    if php.is_empty(_get(properties, "name")):
        raise RestError("BOT_PROPERTIES_REQUIRED", "Bot properties are required")
    if mode not in ("fetch", "webhook"):
        raise RestError("BOT_INVALID_EVENT_MODE", "Invalid event mode")
    if mode == "webhook" and not url:
        raise RestError(
            "BOT_WEBHOOK_URL_REQUIRED", "Webhook URL is required for webhook event mode"
        )


def _new_bot(call: Call, fields: php.Params, code: str, mode: str, url: str) -> Bot:
    properties = _map(_get(fields, "properties"))
    kept = {key: php.text(value) for key, value in properties.items() if key != "avatar"}
    if not php.is_empty(properties.get("avatar")):
        kept["avatar"] = _avatar(properties["avatar"])
    background = _get(fields, "backgroundId")
    return Bot(
        id=call.portal.take_id(),
        code=code,
        client_id=call.client_id,
        name=php.text(_get(properties, "name")),
        last_name=php.text(_get(properties, "lastName")),
        type=php.text(_get(fields, "type", "bot")),
        api="v2",
        openline=php.flag(_get(fields, "isSupportOpenline"), False),
        properties=kept,
        event_mode=mode,
        webhook_url=url if mode == "webhook" else "",
        is_hidden=php.flag(_get(fields, "isHidden"), False),
        is_reactions_enabled=php.flag(_get(fields, "isReactionsEnabled"), True),
        background_id=background if background in BACKGROUNDS else None,
    )


def _avatar(value: php.Value) -> str:
    try:
        return images.read_image(value)
    except images.TooLarge as exc:
        raise RestError(
            "BOT_AVATAR_INCORRECT_SIZE", "Avatar image exceeds maximum dimensions (5000x5000)"
        ) from exc
    except images.NotAnImage as exc:
        raise RestError("BOT_AVATAR_INCORRECT_TYPE", "Avatar must be an image file") from exc


def own_bot(call: Call) -> Bot:
    """The bot the call names, registered by the calling application. Raises RestError."""
    bot_id = php.intval(php.text(_any(call.params, "botId", "BOT_ID")))
    if bot_id < 1:
        raise RestError("BOT_ID_REQUIRED", "botId is required")
    bot = call.portal.bot(bot_id)
    if bot is None:
        raise RestError("BOT_NOT_FOUND", "Bot not found")
    if bot.client_id != call.client_id:
        raise RestError("BOT_OWNERSHIP_ERROR", "Bot was installed by another rest application")
    return bot


def update(call: Call) -> dict[str, Any]:
    """What is given is changed before the webhook's address is looked at."""
    bot = own_bot(call)
    fields = _map(_get(call.params, "fields"))
    properties = _map(_get(fields, "properties"))
    mode = php.text(fields.get("eventMode")).lower()
    if not php.is_empty(properties.get("avatar")):
        properties = properties | {"avatar": _avatar(properties["avatar"])}
    if fields.get("eventMode") is not None and mode not in ("fetch", "webhook"):
        raise RestError("BOT_INVALID_EVENT_MODE", "Invalid event mode")
    if properties:
        _rename(bot, properties)
    for name, field in (
        ("isHidden", "is_hidden"),
        ("isReactionsEnabled", "is_reactions_enabled"),
        ("isSupportOpenline", "openline"),
    ):
        if fields.get(name) is not None:
            setattr(bot, field, php.flag(fields[name], False))
    if fields.get("backgroundId") is not None:
        known = fields["backgroundId"] in BACKGROUNDS
        bot.background_id = fields["backgroundId"] if known else None
    bot.event_mode = mode or bot.event_mode
    _point(call, bot, php.text(fields.get("webhookUrl")))
    return _answer(call, bot)


def _rename(bot: Bot, properties: php.Params) -> None:
    # Properties that are not given are emptied with those that are; the name alone is kept.
    texts = {key: php.text(value) for key, value in properties.items()}
    bot.name = php.text(_get(properties, "name")).strip() or bot.name
    bot.last_name = php.text(_get(properties, "lastName"))
    photo = bot.properties.get("avatar")
    bot.properties = ({"avatar": photo} if photo else {}) | texts | {"name": bot.name}


def _point(call: Call, bot: Bot, url: str) -> None:
    """Send the application's v2 events to `url`, when one is given for a bot in webhook mode."""
    if bot.event_mode == "webhook" and url:
        try:
            check_handler(url)
        except RestError as exc:
            raise RestError("BOT_INVALID_CALLBACK", exc.text) from exc
        bot.webhook_url = url
        rebind(call, dict.fromkeys(events.BOT_V2_EVENTS, url))
    own = [row for row in call.portal.bots if row.client_id == bot.client_id]
    # By the documentation a bot alone in fetch mode takes the subscriptions away.
    if call.world.profile == "documented" and bot.event_mode == "fetch" and own == [bot]:
        call.portal.bindings = [
            row
            for row in call.portal.bindings
            if row.client_id != bot.client_id or row.event not in events.BOT_V2_EVENTS
        ]


def _any(params: php.Params, *names: str) -> php.Value:
    return next((params[name] for name in names if params.get(name) not in (None, "")), None)


def unregister(call: Call) -> dict[str, bool]:
    portal.remove_bot(call.world, call.portal, own_bot(call), call.user.id, call.grant.hops)
    return {"result": True}


def get(call: Call) -> dict[str, Any]:
    bot_id = php.intval(php.text(_any(call.params, "botId", "BOT_ID")))
    code = _any(call.params, "code", "CODE")
    if bot_id < 1 and code is None:
        raise RestError("PARAMS_REQUIRED", "botId or code is required")
    if bot_id > 0:
        bot = call.portal.bot(bot_id)
    else:
        bot = next((bot for bot in call.portal.bots if bot.code == php.text(code)), None)
    if bot is None:
        raise RestError("BOT_NOT_FOUND", "Bot not found")
    return _answer(call, bot, is_owner=bot.client_id == call.client_id)


def list_own(call: Call) -> dict[str, Any]:
    wanted = _map(call.params.get("filter")).get("type")
    limit = php.intval(call.params.get("limit", 50))
    offset = php.intval(call.params.get("offset", 0))
    own = [bot for bot in call.portal.bots if bot.client_id == call.client_id]
    if wanted in TYPES:
        own = [bot for bot in own if bot.type == wanted]
    page = own[offset : offset + limit]
    return {
        "bots": [_bot(call, bot) for bot in page],
        "users": [_user(bot) for bot in page],
        "hasNextPage": len(page) == limit,
    }


def _answer(call: Call, bot: Bot, *, is_owner: bool = True) -> dict[str, Any]:
    return {"bot": _bot(call, bot, is_owner=is_owner), "users": [_user(bot)]}


def _bot(call: Call, bot: Bot, *, is_owner: bool = True) -> dict[str, Any]:
    short = {"id": bot.id, "code": bot.code, "type": bot.type}
    if not is_owner:
        return short
    rooms = [room for room in call.portal.rooms.values() if bot.id in room.members]
    return {
        **short,
        "isHidden": bot.is_hidden,
        "isSupportOpenline": bot.openline,
        "isReactionsEnabled": bot.is_reactions_enabled,
        "backgroundId": bot.background_id,
        "language": None,
        "moduleId": "rest",
        "eventMode": bot.event_mode,
        "countMessage": 0,
        "countCommand": 0,
        "countChat": len([room for room in rooms if room.kind != "private"]),
        "countUser": len([room for room in rooms if room.kind == "private"]),
    }


def _user(bot: Bot) -> dict[str, Any]:
    return {
        "id": bot.id,
        "active": True,
        "name": f"{bot.name} {bot.last_name}".strip(),
        "firstName": bot.name,
        "lastName": bot.last_name,
        "workPosition": php.text(_get(bot.properties, "workPosition")),
        "color": php.text(_get(bot.properties, "color")),
        "avatar": "",
        "gender": php.text(_get(bot.properties, "gender")) or "M",
        "bot": True,
        "connector": False,
        "extranet": False,
        "externalAuthId": "bot",
        "status": "online",
    }


METHODS = (
    Method("imbot.v2.Bot.register", "imbot", register),
    Method("imbot.v2.Bot.get", "imbot", get, changes=False),
    Method("imbot.v2.Bot.list", "imbot", list_own, changes=False),
    Method("imbot.v2.Bot.update", "imbot", update),
    Method("imbot.v2.Bot.unregister", "imbot", unregister),
)
