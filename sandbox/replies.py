"""Answers of the REST entry and the token endpoint: JSON, errors, and broken ones on order."""

import json
import socket
import time
from typing import Any

from flask import Response, request

from sandbox import php

HTML = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


class RestError(Exception):
    """A method or the entry says no: error code, text, status, and keys beside them."""

    def __init__(self, code: str, text: str, status: int = 400, **extra: str | bool) -> None:
        self.code, self.text, self.status, self.extra = code, text, status, extra
        super().__init__(code)

    def body(self) -> dict[str, Any]:
        """The error envelope."""
        return {"error": self.code, "error_description": self.text, **self.extra}


def json_reply(body: php.Value, status: int = 200) -> Response:
    """`body` with the headers of a REST answer; empty maps become lists, as PHP writes them."""
    reply = Response(
        json.dumps(php.to_json(body)), status, content_type="application/json; charset=utf-8"
    )
    reply.headers["Access-Control-Allow-Origin"] = "*"
    return reply


def not_here() -> Response:
    """The page of an address that does not exist."""
    return Response(HTML.format("404 Not Found"), 404, content_type="text/html")


def broken(kind: str, reply: Response | None = None, seconds: float = 0.0) -> Response:
    """An answer that is none: "html", "bad_gateway", "garbage", "truncated", "drop", "hang".

    "truncated" cuts `reply` in the middle; "hang" keeps the connection for `seconds`.
    """
    match kind:
        case "html":
            return _page("500 Internal Server Error", 500)
        case "bad_gateway":
            return _page("502 Bad Gateway", 502)
        case "garbage":
            return Response("<b>Fatal error</b>: out of memory", 200, content_type="text/html")
        case "truncated" if reply is not None:
            return _cut(reply)
        case "hang":
            time.sleep(seconds)
    _hang_up()
    return Response(status=500)


def _page(title: str, status: int) -> Response:
    return Response(HTML.format(title), status, content_type="text/html")


def _cut(reply: Response) -> Response:
    whole = reply.get_data()
    reply.direct_passthrough = True
    reply.set_data(whole[: len(whole) // 2])
    reply.headers["Content-Length"] = str(len(whole))
    return reply


def _hang_up() -> None:
    """End the connection under the answer; without a real socket (tests) the answer is a 500."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
