"""A page for a chat app, made by somebody who knows the platform's documentation and nothing else.

b24restdocs: api-reference/chats/outdated/iframe.md. It checks both hashes as described there and
speaks with the window around it as described there; nothing in it knows of widgets.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path
from urllib.parse import urlsplit

from werkzeug.serving import make_server
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from tests.conftest import Quiet
from tests.ports import free_port
from tests.store.certificates import make_certificates

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Board</title>
<h1>Board</h1><p id="domain">{domain}</p><p id="user">{user}</p><p id="dialog">{dialog}</p>
<button data-ask='{{"action": "send", "message": "Sent by the page"}}'>Send</button>
<button data-ask='{{"action": "put", "message": "Put by the page"}}'>Put</button>
<button data-ask='{{"action": "call", "number": "123456"}}'>Call</button>
<button data-ask='{{"action": "support", "code": "6a4cdbcf753addac1a573ea64be826ca"}}'>
Support</button>
<button data-ask='{{"action": "close"}}'>Leave</button>
<script>
function frameCommunicationInit() {{
  window.frameCommunication = {{timeout: {{}}}}
  window.addEventListener("message", function (event) {{
    var data = {{}}
    try {{ data = JSON.parse(event.data) }} catch (err) {{}}
    if (data.action == "init") {{
      frameCommunication.uniqueLoadId = data.uniqueLoadId
      frameCommunication.postMessageSource = event.source
      frameCommunication.postMessageOrigin = event.origin
    }}
  }})
}}
function frameCommunicationSend(data) {{
  data["uniqueLoadId"] = frameCommunication.uniqueLoadId
  var encoded = JSON.stringify(data)
  if (!frameCommunication.postMessageOrigin) {{
    clearTimeout(frameCommunication.timeout[encoded])
    var again = function () {{ frameCommunicationSend(data) }}
    frameCommunication.timeout[encoded] = setTimeout(again, 10)
    return
  }}
  frameCommunication.postMessageSource.postMessage(encoded, frameCommunication.postMessageOrigin)
}}
frameCommunicationInit()
document.querySelectorAll("button").forEach(function (button) {{
  button.onclick = function () {{ frameCommunicationSend(JSON.parse(button.dataset.ask)) }}
}})
</script></html>"""


@dataclass
class ClassicPage:
    """The server of the page. ``hash`` is the HASH its owner copied from the chat app."""

    origin: str
    hash: str = ""
    visits: list[dict[str, str]] = field(default_factory=list)
    referers: list[str] = field(default_factory=list)

    @Request.application
    def answer(self, request: Request) -> Response:
        """Every address answers with the page; what came is kept."""
        query = request.args.to_dict()
        if request.path != "/favicon.ico":
            self.visits.append(query)
            self.referers.append(request.headers.get("Referer", ""))
        host = urlsplit(query.get("DOMAIN", "")).hostname or ""
        user = query.get("USER_ID", "")
        page = PAGE.format(
            domain=self._verdict("domain", host, query.get("DOMAIN_HASH", "")),
            user=self._verdict("user", user, query.get("USER_HASH", "")),
            dialog=f"dialog {query.get('DIALOG_ID', '')}",
        )
        return Response(page, mimetype="text/html")

    def _verdict(self, name: str, text: str, given: str) -> str:
        genuine = bool(text) and md5(f"{text}{self.hash}".encode()).hexdigest() == given
        return f"{name} is {'genuine' if genuine else 'forged'}"


@contextmanager
def serve_classic_page(folder: Path) -> Iterator[ClassicPage]:
    """Serve the page at an https origin of its own; ``folder`` keeps its certificate."""
    port = free_port()
    page = ClassicPage(f"https://127.0.0.1:{port}")
    made = make_certificates(folder)
    server = make_server(
        "127.0.0.1",
        port,
        page.answer,
        threaded=True,
        request_handler=Quiet,
        ssl_context=(str(made.public), str(made.private)),
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield page
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def serve_redirection(page: ClassicPage) -> Iterator[str]:
    """An origin of its own that sends whoever comes on to the page, as example.com does to
    www.example.com."""

    @Request.application
    def send_on(request: Request) -> Response:
        return redirect(f"{page.origin}{request.full_path}")

    port = free_port()
    server = make_server("127.0.0.1", port, send_on, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join()
    server.server_close()
