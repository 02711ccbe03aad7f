"""Serving a world over HTTP: one listener for each address, all in threads of this process."""

import logging
import socket
import threading
from types import TracebackType

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox import create_app
from sandbox.world import World, hosts

logger = logging.getLogger(__name__)


class QuietHandler(WSGIRequestHandler):
    """Says nothing about requests: their addresses may hold tokens."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        logger.debug("%s %s", self.command, code)


class Server:
    """A world that answers. Close it, or use it in a `with` block."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._app = create_app(world)
        self._running: dict[str, tuple[BaseWSGIServer, threading.Thread]] = {}

    def listen(self, host: str) -> None:
        """Answer at host:port as well, for a portal about to be renamed. Raises OSError."""
        if host in self._running:
            return
        address, _, port = host.rpartition(":")
        # Bound here, because make_server ends the process when an address is taken.
        with socket.create_server((address, int(port)), backlog=128) as listening:
            server = make_server(
                address,
                int(port),
                self._app,
                threaded=True,
                request_handler=QuietHandler,
                fd=listening.fileno(),
            )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.daemon = True
        thread.start()
        self._running[host] = (server, thread)

    def close(self) -> None:
        """Stop answering and save the world, which may be served again."""
        for server, thread in self._running.values():
            server.shutdown()
            thread.join()
            server.server_close()
        self._running.clear()
        self.world.flush()

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def serve(world: World) -> Server:
    """Answer at all addresses of `world` from now on.

    Raises OSError when one of them cannot be listened at; then none is left open.
    """
    server = Server(world)
    try:
        for host in hosts(world):
            server.listen(host)
    except BaseException:
        server.close()
        raise
    return server
