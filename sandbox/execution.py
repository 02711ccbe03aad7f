"""One REST call from proof to answer: who asks, may they, do it, how long it took."""

import time
from datetime import UTC, datetime
from typing import Any

from sandbox import oauth, php, portal
from sandbox.calls import Call, Method
from sandbox.faults import RestFault
from sandbox.methods import METHODS
from sandbox.records import Grant, Portal, RestCall, User
from sandbox.replies import RestError
from sandbox.world import REST_LOG_LENGTH, World

SECRET_NAMES = ("auth", "access_token", "refresh_token", "application_token", "client_secret")
MASK = "***"


def log_call(world: World, home: Portal, method: str, params: php.Params) -> None:
    """Remember the call, with tokens masked, for whoever wants to know what was asked."""
    masked = {key: MASK if key.lower() in SECRET_NAMES else value for key, value in params.items()}
    with world.lock:
        home.rest_log.append(RestCall(method, masked))
        del home.rest_log[:-REST_LOG_LENGTH]


def prove(
    world: World, home: Portal, method: str, token: str, params: php.Params
) -> tuple[Call, Method | None]:
    """The call behind a token and the method's row (None for batch), in the order of checks.

    Raises RestError.
    """
    row = METHODS.get(method)
    if row is None and method != "batch":
        raise method_not_found()
    if not token:
        raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
    grant = world.grants.get(token)
    if grant is None or grant.member_id != home.member_id:
        raise RestError("invalid_token", "Unable to get application by token", 401)
    user = _check_grant(world, home, grant, row)
    if world.limits.is_blocked(grant.client_id, method, world.now()):
        raise operation_limit()
    given = {key: value for key, value in params.items() if key not in ("auth", "access_token")}
    return Call(world, home, grant, user, given), row


def _check_grant(world: World, home: Portal, grant: Grant, row: Method | None) -> User:
    install = home.installs.get(grant.client_id)
    if install is None or not install.active:
        raise RestError("APPLICATION_NOT_FOUND", "Application not found", 401)
    if grant.revoked:
        raise RestError("invalid_token", "Unable to get application by token", 401)
    if grant.expires < world.now():
        raise RestError("expired_token", "The access token provided has expired", 401)
    if install.payment_expired:
        raise RestError("PAYMENT_REQUIRED", "Subscription has been ended", 401)
    granted = ("basic", *oauth.scope_of(world, home, grant.client_id))
    if row is not None and row.scope not in granted:
        text = "The request requires higher privileges than provided by the access token"
        raise RestError("insufficient_scope", text, 401)
    user = home.person(grant.user_id)
    if user is None or not user.is_active:
        raise RestError("authorization_error", "Unable to authorize user", 401)
    if user.id in home.users and not portal.may_open(home, user, grant.client_id):
        status = 401 if world.profile == "source" else 403
        text = "The user does not have access to the application."
        raise RestError("user_access_error", text, status)
    return user


def run(call: Call, row: Method, *, save: bool = True) -> php.Value:
    """Do what the method does, alone in the world. Raises RestError.

    With `save` False the caller saves what has changed.
    """
    with call.world.lock:
        result = row.run(call)
        if save and row.changes:
            call.world.save()
    return result


def ordered_error(fault: RestFault) -> RestError:
    """The error a fault of kind "error" or "operation_limit" stands for."""
    if fault.kind == "operation_limit":
        return operation_limit()
    return RestError(fault.code, fault.text, fault.status)


def operation_limit() -> RestError:
    """OPERATION_TIME_LIMIT, to be raised."""
    text = "Method is blocked due to operation time limit."
    return RestError("OPERATION_TIME_LIMIT", text, 429)


def method_not_found() -> RestError:
    """ERROR_METHOD_NOT_FOUND, to be raised."""
    return RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)


def timing(world: World, started: float, key: tuple[str, str] | None) -> dict[str, Any]:
    """The `time` block of a call that began at `started`; `key` is application and method.

    `key` None leaves the operating time out, as the authorization server does.
    """
    finished = time.time()
    now = world.now()
    truncate = int if world.profile == "source" else float
    block: dict[str, Any] = {
        "start": truncate(started + world.offset),
        "finish": now,
        "duration": finished - started,
        "processing": truncate(finished - started),
        "date_start": _iso(started + world.offset),
        "date_finish": _iso(now),
    }
    if key is not None:
        # The outer batch is free; its items are not.
        seconds = 0.0 if key[1] == "batch" else finished - started
        worked, reset_at = world.limits.add(*key, seconds, now)
        block |= {"operating_reset_at": reset_at, "operating": worked}
    return block


def _iso(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="seconds")
