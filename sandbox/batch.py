"""Many calls in one: labels, references to earlier results, errors of single items."""

import re
import time
from typing import Any
from urllib.parse import urlsplit

from sandbox import php
from sandbox.calls import Call, Method
from sandbox.execution import log_call, method_not_found, ordered_error, prove, run, timing
from sandbox.faults import ITEM_FAULTS
from sandbox.replies import RestError

LENGTH = 50
_REFERENCE = re.compile(r"\$(result|next|total|time|error)(\S*)", re.IGNORECASE)
_STEP = re.compile(r"\[([^\]]+)\]")

Done = dict[str, dict[str, Any]]


def run_batch(call: Call) -> dict[str, Any]:
    """The result of `batch`; labels counted from zero come out as lists."""
    params = php.upper_keys(call.params)
    halt = not php.is_empty(params.get("HALT"))
    done: Done = {name: {} for name in ("result", "error", "total", "next", "time")}
    commands = params.get("CMD")
    rows = commands.items() if isinstance(commands, dict) else enumerate(php.rows(commands))
    changed = False
    for number, (label, command) in enumerate(rows):
        if number < LENGTH and not isinstance(command, str):
            continue
        started = time.time()
        try:
            if number >= LENGTH:
                raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
            row, result = _run_item(call, command, done)
        except RestError as error:
            done["error"][str(label)] = error.body()
            if halt:
                break
            continue
        changed |= row.changes
        done["result"][str(label)] = result
        key = (call.client_id, row.name.lower())
        done["time"][str(label)] = timing(call.world, started, key)
    if changed:
        call.world.save()
    return {
        "result": done["result"],
        "result_error": done["error"],
        "result_total": done["total"],
        "result_next": done["next"],
        "result_time": done["time"],
    }


def _run_item(call: Call, command: str, done: Done) -> tuple[Method, Any]:
    """Method and result of one item of a batch, not yet saved. Raises RestError."""
    try:
        parts = urlsplit(command)
    except ValueError as exc:
        raise method_not_found() from exc
    method = parts.path.lower()
    params = {key: _resolve(value, done) for key, value in php.parse_query(parts.query).items()}
    if method in ("batch", "download", "upload"):
        text = "Method is not allowed for batch usage"
        raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", text)
    log_call(call.world, call.portal, method, params)
    fault = call.world.faults.take_rest(method, named_only=True, kinds=ITEM_FAULTS)
    if fault is not None:
        raise ordered_error(fault)
    item, row = prove(call.world, call.portal, method, call.grant.access, params)
    if row is None:
        raise method_not_found()
    return row, php.to_json(run(item, row, save=False))


def _resolve(value: php.Value, done: Done) -> php.Value:
    """`value` with its references to earlier items filled in."""
    if isinstance(value, dict):
        return {key: _resolve(item, done) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, done) for item in value]
    for match in list(_REFERENCE.finditer(value)):
        steps = _STEP.findall(match.group(2))
        if not steps:
            continue
        found = _follow(done[match.group(1).lower()], steps)
        if match.group(0) == value:
            return found
        if isinstance(found, str | int | float) and not isinstance(found, bool):
            value = value.replace(match.group(0), str(found))
    return value


def _follow(here: php.Value, steps: list[str]) -> php.Value:
    """Walks as deep as the path exists, and stays there."""
    for step in steps:
        if isinstance(here, dict) and here.get(step) is not None:
            here = here[step]
        elif isinstance(here, list) and step.isdecimal() and int(step) < len(here):
            here = here[int(step)]
        else:
            break
    return here
