"""One REST call with everything it is made of, and the checks several methods share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sandbox import oauth
from sandbox.php import Params
from sandbox.records import Binding, Grant, Portal, User
from sandbox.replies import RestError
from sandbox.world import World

ALL_SCOPES = ("im", "imbot", "imconnector", "imopenlines", "placement")


@dataclass
class Call:
    """A call that is proven: which world and portal, whose token, and the parameters."""

    world: World
    portal: Portal
    grant: Grant
    user: User
    params: Params

    @property
    def client_id(self) -> str:
        return self.grant.client_id

    @property
    def scope(self) -> list[str]:
        return oauth.scope_of(self.world, self.portal, self.client_id)


class Method(NamedTuple):
    """One row of the table: the documented name, the scope it needs, what it does.

    `changes` says that the portal is another one afterwards.
    """

    name: str
    scope: str
    run: Callable[[Call], Any]
    changes: bool = True


def check_handler(url: str) -> None:
    """The portal's test of a handler URL.

    Raises RestError: ERROR_WRONG_HANDLER_URL when the host has no dot after its first character,
    ERROR_UNSUPPORTED_PROTOCOL for anything but http and https.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if host.find(".") < 1:
        raise RestError("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    if parts.scheme not in ("http", "https"):
        raise RestError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")


def rebind(call: Call, handlers: Mapping[str, str]) -> None:
    """Subscribe the calling application to events at these URLs, instead of where it was.

    There is one URL for each event of an application: a later bot or command takes over the
    events of an earlier one.
    """
    call.portal.bindings = [
        row
        for row in call.portal.bindings
        if row.client_id != call.client_id or row.event not in handlers
    ]
    for event, url in handlers.items():
        call.portal.bindings.append(
            Binding(event, url, 0, call.client_id, id=call.portal.take_id())
        )


def access_denied(details: str = "") -> RestError:
    """ACCESS_DENIED as methods throw it, to be raised."""
    return RestError("ACCESS_DENIED", f"Access denied! {details}".strip(), 403)


def argument_missing(name: str) -> RestError:
    """ERROR_ARGUMENT for a parameter that is null or empty, to be raised."""
    return RestError("ERROR_ARGUMENT", f"Argument '{name}' is null or empty", argument=name)
