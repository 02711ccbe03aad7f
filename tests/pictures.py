"""Pictures that people upload, and the sprite the platform wants."""

from __future__ import annotations

import base64
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
SPRITE = base64.b64encode((ASSETS / "sprite.png").read_bytes()).decode()
