"""The object gunicorn looks for."""

import sys

from b24app import create_app
from b24app.errors import ConfigurationError

try:
    app = create_app()
except ConfigurationError as exc:
    sys.exit(f"b24app: {exc}")
