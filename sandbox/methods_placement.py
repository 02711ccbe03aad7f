"""placement.*: pages of the application at points of the portal's interface."""

from typing import Any

from sandbox import php, placements
from sandbox.calls import Call, Method, access_denied, argument_missing, check_handler
from sandbox.records_channels import Placement
from sandbox.replies import RestError

_WORDS = ("TITLE", "DESCRIPTION", "GROUP_NAME")


def bind(call: Call) -> bool:
    _require_admin(call)
    params = php.upper_keys(call.params)
    code = _code(params)
    # What is missing is told by a sentence in the place of a name.
    if not code:
        raise argument_missing("The placement code is not specified")
    if code == "DEFAULT":
        raise argument_missing("The placement code has an incorrect value")
    handler = php.text(params.get("HANDLER"))
    if not handler:
        raise argument_missing("The URL of the placement handler is not specified")
    check_handler(handler)
    kind = placements.KINDS.get(code)
    if kind is None or kind.scope not in ("basic", *call.scope):
        raise RestError("ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    options = placements.read_options(kind, params.get("OPTIONS"))
    _check_limits(call, params, code, kind)
    if code.startswith("IM_"):
        placements.check_options(options)
    if any((row.code, row.handler) == (code, handler) for row in _own(call)):
        raise RestError("ERROR_CORE", "Unable to set placement handler: Handler already binded")
    langs = _langs(call, params)
    words = _merged(call, langs)
    row = Placement(
        id=call.portal.take_id(),
        client_id=call.client_id,
        code=code,
        handler=handler,
        options=options,
        title=words.get("TITLE", ""),
        description=words.get("DESCRIPTION", ""),
        langs=langs or {call.portal.language: {"TITLE": call.portal.card.title}},
    )
    call.portal.placements.append(row)
    return True


def _require_admin(call: Call) -> None:
    if not call.user.is_admin:
        raise access_denied()


def _code(params: php.Params) -> str:
    code = params.get("PLACEMENT")
    if not isinstance(code, str):
        text = "The value of an argument 'PLACEMENT' must be of type string"
        raise RestError("ERROR_ARGUMENT", text, argument="PLACEMENT")
    return code.upper()


def _check_limits(call: Call, params: php.Params, code: str, kind: placements.Kind) -> None:
    # By the documentation these two come with status 200.
    status = 400 if call.world.profile == "source" else 200
    if php.intval(params.get("USER_ID")) > 0:
        raise RestError("ERROR_PLACEMENT_USER_MODE", "User mode is not available.", status)
    count = sum(row.code == code for row in _own(call))
    if 0 < kind.max_count <= count:
        text = f"Placement max count: {kind.max_count}"
        raise RestError("ERROR_PLACEMENT_MAX_COUNT", text, status)


def _own(call: Call) -> list[Placement]:
    return [row for row in call.portal.placements if row.client_id == call.client_id]


def _langs(call: Call, params: php.Params) -> dict[str, dict[str, str]]:
    given = params.get("LANG_ALL")
    if php.is_empty(given):
        plain = {
            name: php.text(params[name]).strip()
            for name in _WORDS
            if not php.is_empty(params.get(name))
        }
        return {call.portal.language: plain} if plain else {}
    if not isinstance(given, dict):
        return {}
    return {
        language: {name: php.text(row.get(name)).strip() for name in _WORDS}
        for language, row in given.items()
        if isinstance(row, dict)
    }


def _merged(call: Call, langs: dict[str, dict[str, str]]) -> dict[str, str]:
    """The words of the caller's language, of the portal's, or the first there are."""
    wanted = (call.user.language, call.portal.language, *langs)
    return next((langs[language] for language in wanted if langs.get(language)), {})


def unbind(call: Call) -> dict[str, int]:
    _require_admin(call)
    params = php.upper_keys(call.params)
    code = _code(params)
    if not code:
        raise argument_missing("PLACEMENT")
    handler = php.text(params.get("HANDLER"))
    gone = [row for row in _own(call) if row.code == code and handler in ("", row.handler)]
    if php.intval(params.get("USER_ID")) > 0:
        gone = []
    call.portal.placements = [row for row in call.portal.placements if row not in gone]
    # Each handler is counted when it is found and when it is deleted.
    return {"count": 2 * len(gone)}


def get(call: Call) -> list[dict[str, Any]]:
    _require_admin(call)
    return [
        {
            "id": row.id,
            "placement": row.code,
            "userId": row.user_id,
            "handler": row.handler,
            "options": row.options,
            "title": row.title,
            "description": row.description,
            "langAll": {
                language: {name: words.get(name, "") for name in _WORDS}
                for language, words in row.langs.items()
            },
        }
        for row in _own(call)
    ]


def list_codes(call: Call) -> list[str]:
    params = php.upper_keys(call.params)
    wanted = {"basic", *call.scope}
    if "SCOPE" in params:
        wanted = {php.text(params["SCOPE"]) or "basic"}
    elif not php.is_empty(params.get("FULL")):
        return list(placements.KINDS)
    return [code for code, kind in placements.KINDS.items() if kind.scope in wanted]


METHODS = (
    Method("placement.bind", "placement", bind),
    Method("placement.unbind", "placement", unbind),
    Method("placement.get", "placement", get, changes=False),
    Method("placement.list", "placement", list_codes, changes=False),
)
