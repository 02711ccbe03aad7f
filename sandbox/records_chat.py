"""What the messenger knows: rooms and what was said in them."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Room:
    """A place to talk; `kind` is "private", "chat" or "lines". `members` are users and bots."""

    id: int
    kind: str
    title: str
    owner: int
    members: list[int]
    color: str = "#ab7761"

    @property
    def letter(self) -> str:
        """The platform's letter for the kind."""
        return {"private": "P", "chat": "C", "lines": "L"}[self.kind]

    def dialog_id(self, viewer: int) -> str:
        """The room as `viewer` calls it: in a private one the number of the other person."""
        if self.kind != "private":
            return f"chat{self.id}"
        return str(next((one for one in self.members if one != viewer), viewer))


@dataclass
class Message:
    """Something said in a room. `author` 0 is somebody outside; `params` keeps the rest."""

    id: int
    room: int
    author: int
    text: str
    at: float
    is_system: bool = False
    author_name: str = ""
    params: dict[str, Any] = field(default_factory=dict)
