"""imbot.chat.*: who takes part in a chat a bot is in."""

from sandbox import php
from sandbox.calls import Call, Method
from sandbox.methods_imbot import own_bot
from sandbox.replies import RestError


def list_members(call: Call) -> list[int]:
    """The members of a chat by its own number, private ones too; none where the bot is not."""
    params = php.upper_keys(call.params)
    number = php.intval(params.get("CHAT_ID"))
    if number < 1:
        raise RestError("CHAT_ID_EMPTY", "Chat ID can't be empty")
    if params.get("BOT_ID") is None:
        bot = next((one for one in call.portal.bots if one.client_id == call.client_id), None)
        if bot is None:
            raise RestError("BOT_ID_ERROR", "Bot not found")
    else:
        bot = own_bot(call, params)
    room = call.portal.rooms.get(number)
    return list(room.members) if room is not None and bot.id in room.members else []


METHODS = (Method("imbot.chat.user.list", "imbot", list_members, changes=False),)
