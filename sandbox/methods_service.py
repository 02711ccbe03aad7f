"""What any application may ask of the portal: about itself, about the person, its options."""

from datetime import UTC, datetime
from typing import Any

from sandbox import php
from sandbox.calls import ALL_SCOPES, Call, Method, access_denied
from sandbox.replies import RestError

# Features that some licences have and others do not.
_FEATURES = ("rest_auth_connector", "rest_offline_extended")
_LARGE = ("ent", "pro")


def app_info(call: Call) -> dict[str, Any]:
    install = call.portal.installs[call.client_id]
    return {
        "ID": list(call.portal.installs).index(call.client_id) + 1,
        "CODE": f"sandbox.{call.client_id.rpartition('.')[2]}",
        "VERSION": install.version,
        "STATUS": call.portal.card.status,
        "INSTALLED": install.installed,
        "PAYMENT_EXPIRED": "Y" if install.payment_expired else "N",
        "DAYS": install.days,
        "LANGUAGE_ID": call.portal.language,
        "LICENSE": call.portal.license,
        "LICENSE_TYPE": call.portal.license.partition("_")[2],
        "LICENSE_FAMILY": call.portal.license.partition("_")[2].rstrip("0123456789"),
    }


def profile(call: Call) -> dict[str, Any]:
    return {
        "ID": str(call.user.id),
        "ADMIN": call.user.is_admin,
        "NAME": call.user.name,
        "LAST_NAME": call.user.last_name,
        "PERSONAL_GENDER": "",
        "TIME_ZONE": "",
    }


def user_admin(call: Call) -> bool:
    return call.user.is_admin


def scope(call: Call) -> list[str]:
    if not php.is_empty(php.upper_keys(call.params).get("FULL")):
        return ["basic", *ALL_SCOPES]
    return list(call.scope)


def user_access(call: Call) -> bool:
    wanted = php.upper_keys(call.params).get("ACCESS")
    codes = {f"U{call.user.id}", "AU", "UA"}
    return call.user.is_admin or any(code in codes for code in php.rows(wanted) or [wanted])


def server_time(call: Call) -> str:
    return datetime.fromtimestamp(call.world.now(), UTC).isoformat(timespec="seconds")


def feature_get(call: Call) -> dict[str, str]:
    code = php.text(php.upper_keys(call.params).get("CODE"))
    if not code:
        raise RestError("CODE_EMPTY", "CODE can't be empty")
    if call.portal.license.endswith("_selfhosted"):
        return {"value": call.portal.license}
    plan = call.portal.license.partition("_")[2]
    return {"value": "Y" if code in _FEATURES and plan.startswith(_LARGE) else "N"}


def app_options(call: Call) -> Any:  # noqa: ANN401
    return _read(call, call.portal.app_options)


def set_app_options(call: Call) -> bool:
    if not call.user.is_admin:
        raise access_denied("Administrator authorization required")
    return _write(call, call.portal.app_options)


def user_options(call: Call) -> Any:  # noqa: ANN401
    return _read(call, call.portal.user_options.get(call.user.id, {}))


def set_user_options(call: Call) -> bool:
    return _write(call, call.portal.user_options.setdefault(call.user.id, {}))


def _read(call: Call, options: dict[str, Any]) -> Any:  # noqa: ANN401
    """All options, or the one that is named; "" for one that is not there."""
    name = php.text(php.upper_keys(call.params).get("OPTION"))
    return options.get(name, "") if name else options


def _write(call: Call, options: dict[str, Any]) -> bool:
    given = php.upper_keys(call.params).get("OPTIONS")
    if not isinstance(given, dict) or not given:
        text = "Argument 'options' is null or empty"
        raise RestError("ERROR_ARGUMENT", text, argument="options")
    options.update(given)
    return True


METHODS = (
    Method("app.info", "basic", app_info, changes=False),
    Method("profile", "basic", profile, changes=False),
    Method("user.admin", "basic", user_admin, changes=False),
    Method("user.access", "basic", user_access, changes=False),
    Method("scope", "basic", scope, changes=False),
    Method("server.time", "basic", server_time, changes=False),
    Method("feature.get", "basic", feature_get, changes=False),
    Method("app.option.get", "basic", app_options, changes=False),
    Method("app.option.set", "basic", set_app_options),
    Method("user.option.get", "basic", user_options, changes=False),
    Method("user.option.set", "basic", set_user_options),
)
