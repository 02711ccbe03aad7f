"""The people and portals every world begins with."""

import secrets

from sandbox.records import AppCard, Bot, Install, Portal, User
from sandbox.records_channels import OpenLine

AUTH_ADDRESS = "127.0.0.4"
FOREIGN_CLIENT_ID = "app.5f3a1c9e7b2d44.61830472"


def aurora(card: AppCard, port: int) -> Portal:
    """Aurora: Anna administers, Egor is an employee; another vendor's bot is there."""
    portal = Portal(
        key="aurora",
        title="Aurora",
        host=f"127.0.0.2:{port}",
        member_id="8f2b6c41d0e94a7db35e1c9f70a4862d",
        language="en",
        license="en_ent10000",
        users={
            1: User(1, "Anna", "Sokolova", True, "en", "anna", "#4ba5c3"),
            2: User(2, "Egor", "Lindt", False, "en", "egor", "#64a513"),
        },
        card=card,
        lines=open_lines(),
    )
    _add_help_desk(portal)
    return portal


def borealis(card: AppCard, port: int) -> Portal:
    """Borealis: Boris administers, in German."""
    return Portal(
        key="borealis",
        title="Borealis",
        host=f"127.0.0.3:{port}",
        member_id="c47a90e3b1f85d26470d3ae86bf1925c",
        language="de",
        license="de_std",
        users={1: User(1, "Boris", "Weber", True, "de", "boris", "#8474c8")},
        card=card,
        lines=open_lines(),
    )


def open_lines() -> list[OpenLine]:
    """The two queues every portal begins with."""
    return [OpenLine(1, "Website"), OpenLine(2, "Sales")]


def _add_help_desk(portal: Portal) -> None:
    """Another vendor's application with a bot of its own: foreign ownership can be met."""
    portal.installs[FOREIGN_CLIENT_ID] = Install(
        active=True,
        installed=True,
        application_token=secrets.token_hex(16),
        version=3,
        scope=["imbot", "im"],
    )
    portal.bots.append(
        Bot(
            id=portal.take_id(),
            code="helpdesk",
            client_id=FOREIGN_CLIENT_ID,
            name="Help desk",
            type="bot",
            properties={"NAME": "Help desk", "COLOR": "GREEN"},
        )
    )
