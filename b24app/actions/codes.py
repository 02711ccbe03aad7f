"""Codes for programs, made of what a person typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection


def free(stem: str, taken: Collection[str], *, sign: str = "-") -> str:
    """The stem, or the first of stem-2, stem-3 … that is not taken."""
    numbered = (f"{stem}{sign}{serial}" for serial in range(2, len(taken) + 3))
    return next(code for code in (stem, *numbered) if code not in taken)


def slug(title: str, otherwise: str) -> str:
    """The title in lower-case Latin letters, digits and dashes, 40 at most, a letter first.

    ``otherwise`` stands before, or for, what does not begin with a letter.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return made if made[:1].isalpha() else f"{otherwise}-{made}".rstrip("-")
