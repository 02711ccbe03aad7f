"""PHP's ways on the wire: bracket notation, loose values, arrays as JSON."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_plus

# Whatever PHP made of what came in.
Value = Any
Params = dict[str, Any]

_BRACKETS = re.compile(r"\[([^\]]*)\]")
_INTEGER = re.compile(r"\s*([+-]?\d{1,18})", re.ASCII)
# Deeper names are dropped, as PHP does.
MAX_DEPTH = 64


def parse_query(text: str) -> Params:
    """A query string or form body as PHP reads it: `a[b][]=1` becomes nested dicts and lists."""
    return parse_pairs(parse_qsl(text, keep_blank_values=True))


def parse_pairs(pairs: Iterable[tuple[str, str]]) -> Params:
    """Pairs of name and value as PHP reads them. The last of two equal names wins."""
    found: Params = {}
    for name, value in pairs:
        path = _path(name)
        if 0 < len(path) <= MAX_DEPTH:
            _put(found, path, value)
    return {key: _lists(value) for key, value in found.items()}


def _path(name: str) -> list[str]:
    head, bracket, rest = name.lstrip(" ").partition("[")
    if not bracket or not head or "]" not in rest:
        return [re.sub(r"[ .\[]", "_", name)] if name else []
    keys = [head.replace(" ", "_").replace(".", "_")]
    tail = bracket + rest
    position = 0
    while match := _BRACKETS.match(tail, position):
        keys.append(match.group(1))
        position = match.end()
    return keys


def _put(found: Params, path: list[str], value: str) -> None:
    here = found
    for key in path[:-1]:
        key = key or _next_key(here)
        if not isinstance(here.get(key), dict):
            here[key] = {}
        here = here[key]
    here[path[-1] or _next_key(here)] = value


def _next_key(here: Params) -> str:
    numbers = [int(key) for key in here if key.isdecimal() and len(key) < 19]
    return str(max(numbers, default=-1) + 1)


def _lists(value: Value) -> Value:
    """Dicts counted from zero become lists."""
    if not isinstance(value, dict):
        return value
    items = {key: _lists(item) for key, item in value.items()}
    return list(items.values()) if _is_counted(items) else items


def _is_counted(items: Mapping[Any, Any]) -> bool:
    return bool(items) and all(str(key) == str(n) for n, key in enumerate(items))


def to_json(value: Value) -> Value:
    """`value` as json_encode writes a PHP array: empty maps and maps counted from zero as lists."""
    if isinstance(value, dict):
        items = {str(key): to_json(item) for key, item in value.items()}
        return list(items.values()) if not items or _is_counted(items) else items
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value


def build_query(data: Params) -> str:
    """`data` as http_build_query writes it: None is empty, empty arrays vanish."""
    return "&".join(
        f"{quote_plus(name, safe='')}={quote_plus(text, safe='')}" for name, text in _flat("", data)
    )


def _flat(prefix: str, value: Value) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict | list | tuple):
        rows = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in rows:
            yield from _flat(f"{prefix}[{key}]" if prefix else str(key), item)
    elif isinstance(value, bool):
        yield prefix, "1" if value else "0"
    else:
        yield prefix, "" if value is None else str(value)


def upper_keys(params: Value) -> Params:
    """The first level of `params` with upper-case names; {} when it is no map."""
    if not isinstance(params, dict):
        return {}
    return {str(key).upper(): value for key, value in params.items()}


def is_empty(value: Value) -> bool:
    """PHP's empty(): "", "0", 0, None, False and empty arrays."""
    return value in ("", "0", 0, None, False) or value == [] or value == {}


def intval(value: Value) -> int:
    """PHP's intval(): leading digits, else 0; a non-empty array is 1."""
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else 0
    if isinstance(value, str):
        match = _INTEGER.match(value)
        return int(match.group(1)) if match else 0
    return int(not is_empty(value))


def text(value: Value) -> str:
    """PHP's cast to string of a scalar; "" for None, False and arrays."""
    if value is None or value is False or isinstance(value, dict | list):
        return ""
    return "1" if value is True else str(value)


def is_yes(value: Value) -> bool:
    """The v1 flag: exactly "Y"."""
    return bool(value == "Y")


def flag(value: Value, default: bool) -> bool:
    """The v2 flag: true, "Y", "1", "true" or 1; `default` when absent."""
    if value is None:
        return default
    return value is True or str(value).lower() in ("y", "1", "true")


def rows(value: Value) -> list[Any]:
    """What foreach walks over: the values of a list or map, nothing for a scalar."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
