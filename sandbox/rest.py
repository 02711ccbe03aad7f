"""The REST entry: reads a call as PHP would, proves it, runs it, wraps the answer."""

import json
import re
import time

from flask import Blueprint, Response, current_app, g, request

from sandbox import oauth, php, replies
from sandbox.batch import run_batch
from sandbox.execution import log_call, method_not_found, ordered_error, prove, run, timing
from sandbox.faults import RestFault
from sandbox.records import Portal
from sandbox.replies import RestError
from sandbox.world import World

blueprint = Blueprint("rest", __name__)

# The name under which faults for the authorization server's app.info are ordered.
PROOF = "oauth/app.info"

_WEBHOOK = re.compile(r"\d+/[^/]+/[^/]+$")


@blueprint.route("/rest/<path:tail>", methods=["GET", "POST"])
def entry(tail: str) -> Response:
    world: World = current_app.extensions["world"]
    tail = tail.strip("/")
    method = re.sub(r"\.(json|xml)$", "", tail, flags=re.IGNORECASE).lower()
    params = read_params()
    if g.portal is None:
        return _authorization_server(world, method, params)
    home: Portal = g.portal
    log_call(world, home, method, params)
    if not world.limits.admit(f"{home.key}|{request.remote_addr}", world.now()):
        return _limit_exceeded(world, home)
    fault = world.faults.take_rest(method)
    if fault is not None:
        early = _before_work(fault, world, home)
        if early is not None:
            return _inside_result(early, world) if _returns_errors(fault, method) else early
    reply = _answer(world, home, method, tail, params)
    if fault is not None and fault.kind in ("truncated", "lost"):
        return replies.broken(fault.kind, reply)
    return reply


def _authorization_server(world: World, method: str, params: php.Params) -> Response:
    started = time.time()
    fault = world.faults.take_rest(PROOF, named_only=True)
    early = _before_work(fault, world, None) if fault else None
    if early is not None:
        return early
    try:
        if method != "app.info":
            raise method_not_found()
        result = oauth.app_info(world, read_token(params))
    except RestError as error:
        return replies.json_reply(error.body(), error.status)
    return replies.json_reply({"result": result, "time": timing(world, started, None)})


def _limit_exceeded(world: World, home: Portal | None) -> Response:
    if home is not None:
        with world.lock:
            home.refused_requests += 1
    error = RestError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)
    return replies.json_reply(error.body(), error.status)


def _before_work(fault: RestFault, world: World, home: Portal | None) -> Response | None:
    """The answer of a fault that spares the work; None for one that comes after it."""
    match fault.kind:
        case "query_limit":
            return _limit_exceeded(world, home)
        case "operation_limit" | "error":
            error = ordered_error(fault)
            return replies.json_reply(error.body(), error.status)
        case "truncated" | "lost":
            return None
    return replies.broken(fault.kind, seconds=fault.seconds)


def _returns_errors(fault: RestFault, method: str) -> bool:
    """Whether the method returns this error as its result, instead of raising it."""
    returned = ("imconnector.register", "imconnector.unregister")
    return fault.kind == "error" and fault.status == 200 and method in returned


def _inside_result(early: Response, world: World) -> Response:
    """The body of the source, or the documentation's with the error inside ``result``."""
    error = {"result": False} | json.loads(early.get_data())
    if world.profile == "source":
        return replies.json_reply(error)
    return replies.json_reply({"result": error, "time": timing(world, time.time(), None)})


def read_params() -> php.Params:
    """Query and body of the current request as one map; the body wins.

    A JSON body that cannot be read, or is no object, is ignored without a word.
    """
    params = php.parse_query(request.query_string.decode("utf-8", "replace"))
    if request.method != "POST":
        return params
    if request.mimetype == "application/json":
        try:
            body = json.loads(request.get_data(), parse_constant=_no_number)
        except (ValueError, RecursionError):
            return params
        return params | (body if isinstance(body, dict) else {})
    if request.mimetype == "multipart/form-data":
        return params | php.parse_pairs(request.form.items(multi=True))
    return params | php.parse_query(request.get_data().decode("utf-8", "replace"))


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def read_token(params: php.Params) -> str:
    """The access token: from the Authorization header, else `auth`, else `access_token`."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return token.strip()
    return php.text(params.get("auth")) or php.text(params.get("access_token"))


def _answer(world: World, home: Portal, method: str, tail: str, params: php.Params) -> Response:
    started = time.time()
    if world.faults.rest_delay:
        time.sleep(world.faults.rest_delay)
    try:
        if home.deleted:
            raise RestError(
                "PORTAL_DELETED",
                "Portal was deleted",
                403 if world.profile == "source" else 500,
            )
        if _WEBHOOK.match(tail):
            status = 401 if world.profile == "source" else 400
            raise RestError("INVALID_REQUEST", "Https required.", status)
        call, row = prove(world, home, method, read_token(params), params)
        result = run_batch(call) if row is None else run(call, row)
    except RestError as error:
        return replies.json_reply(error.body(), error.status)
    took = timing(world, started, (call.client_id, method))
    reply = replies.json_reply({"result": result, "time": took})
    reply.headers["X-Bitrix-Rest-Application"] = call.client_id
    return reply
