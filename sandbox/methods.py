"""The methods this portal knows. What is not in METHODS does not exist here."""

from sandbox import (
    methods_chat,
    methods_command,
    methods_command_v2,
    methods_connector,
    methods_event,
    methods_imbot,
    methods_imbot_app,
    methods_imbot_v2,
    methods_message,
    methods_placement,
    methods_service,
    php,
)
from sandbox.calls import ALL_SCOPES, Call, Method


def methods(call: Call) -> list[str]:
    params = php.upper_keys(call.params)
    if "SCOPE" in params:
        wanted = {php.text(params["SCOPE"]) or "basic"}
    elif not php.is_empty(params.get("FULL")):
        wanted = {"basic", *ALL_SCOPES}
    else:
        wanted = {"basic", *call.scope}
    # Names of the second bot API are routed elsewhere and never listed.
    return [
        method.name
        for method in METHODS.values()
        if method.scope in wanted and ".v2." not in method.name
    ]


def method_get(call: Call) -> dict[str, bool]:
    method = METHODS.get(php.text(call.params.get("name")).lower())
    granted = method is not None and method.scope in ("basic", *call.scope)
    return {"isExisting": method is not None, "isAvailable": granted}


_OWN = (
    Method("methods", "basic", methods, changes=False),
    Method("method.get", "basic", method_get, changes=False),
)

METHODS: dict[str, Method] = {
    method.name.lower(): method
    for method in (
        *_OWN,
        *methods_service.METHODS,
        *methods_event.METHODS,
        *methods_imbot.METHODS,
        *methods_imbot_app.METHODS,
        *methods_message.METHODS,
        *methods_chat.METHODS,
        *methods_command.METHODS,
        *methods_imbot_v2.METHODS,
        *methods_command_v2.METHODS,
        *methods_connector.METHODS,
        *methods_placement.METHODS,
    )
}
