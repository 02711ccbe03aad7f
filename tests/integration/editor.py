"""A real process of the product that answers one request, so that a test can kill it amid that.

Its only argument is {"path", "form", "headers"}; it prints the status of the answer.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from b24app import create_app
from b24app.settings import Settings


def main() -> None:
    order = json.loads(sys.argv[1])
    app = create_app(Settings.from_env(os.environ, Path(os.environ["VAR"])))
    headers = order["headers"]
    reply = app.test_client().post(order["path"], data=order["form"], headers=headers)
    print(reply.status_code, flush=True)


if __name__ == "__main__":
    main()
