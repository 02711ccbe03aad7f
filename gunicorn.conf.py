"""How gunicorn runs the web process; read by gunicorn itself, from the same settings."""

import os
import sys
import threading

from gunicorn.workers.gthread import ThreadWorker

from b24app.errors import ConfigurationError
from b24app.settings import Settings

try:
    settings = Settings.from_env(os.environ)
except ConfigurationError as exc:
    sys.exit(f"b24app: {exc}")

bind = f"0.0.0.0:{settings.port}" if not settings.sandbox else f"127.0.0.1:{settings.port}"
worker_class = "gthread"
workers = settings.web_concurrency
threads = settings.web_threads
timeout = 75  # for a worker that hangs; threads have limits of their own for each remote call
graceful_timeout = 30
keepalive = 5
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112,S108


def post_worker_init(worker: ThreadWorker) -> None:
    """Let the first process look at the store's settings; no start waits for it."""
    if worker.age == 1:
        known = worker.wsgi.extensions["b24app"]
        threading.Thread(target=known.warn_of_risks, daemon=True).start()
