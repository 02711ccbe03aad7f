"""The official Python client and ours, side by side at the same portal.

The official one speaks https only, so the sandbox is served with a certificate of its own.
"""

import copy
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from b24pysdk import BitrixApp, BitrixToken
from b24pysdk.errors import BitrixAPIError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug.serving import WSGIRequestHandler, make_server

from b24app.bitrix.outbound import Outbound
from b24app.bitrix.rest import Client
from b24app.errors import PortalError
from sandbox import create_app, oauth, php
from sandbox import portal as deeds
from sandbox.world import World

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

Commands = dict[str, tuple[str, dict[str, Any]]]
Outcome = tuple[dict[str, Any], dict[str, str]]


class Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        pass


def certificate(address: str, folder: Path) -> Path:
    """A self-signed certificate for `address`, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "sandbox.pem"
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate("127.0.0.2", tmp_path_factory.mktemp("tls"))


class Https:
    """Aurora of `world` over https, in a `with` block."""

    def __init__(self, world: World, pem: Path) -> None:
        address, _, port = world.portal("aurora").host.rpartition(":")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.server = make_server(
            address,
            int(port),
            create_app(world),
            threaded=True,
            request_handler=Quiet,
            ssl_context=context,
        )
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}
        )

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@dataclass
class Pair:
    """Both clients with the same token of Anna's, at Aurora."""

    world: World
    theirs: BitrixToken
    ours: Client

    def both(self, commands: Commands, *, halt: bool = False) -> tuple[Outcome, Outcome]:
        """What each makes of the batch, at a portal that is the same for both."""
        before = copy.deepcopy(self.world.portals)
        answer = self.theirs.call_batches(commands, halt=halt)["result"]
        self.world.portals = before
        batch = {
            label: f"{name}?{php.build_query(args)}" for label, (name, args) in commands.items()
        }
        merged = self.ours.batch_all(batch, halt=halt)
        # Where nothing is inside, the portal writes a list and the official client leaves it one.
        failed = dict(answer["result_error"] or {})
        theirs = {label: str(error["error"]).upper() for label, error in failed.items()}
        ours = {label: error.code for label, error in merged.errors.items()}
        return (dict(answer["result"] or {}), theirs), (merged.results, ours)

    def requests(self) -> int:
        """How many batch requests the portal has seen."""
        return sum(row.method == "batch" for row in self.world.portal("aurora").rest_log)


@pytest.fixture
def pair(world: World, trusted: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    aurora = world.portal("aurora")
    deeds.install(world, aurora, aurora.users[1])
    deeds.finish_install(world, aurora, aurora.users[1])
    access = oauth.mint(world, aurora, 1).access
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    monkeypatch.setenv("NO_PROXY", "127.0.0.2")
    app = BitrixApp(client_id=world.card.client_id, client_secret=world.card.client_secret)
    theirs = BitrixToken(domain=aurora.host, auth_token=access, bitrix_app=app)
    http = Outbound(guard=None, threads=4, ca_bundle=str(trusted), proxy="", no_proxy="")

    def token(stale: str | None = None) -> str:
        return access

    endpoint = f"https://{aurora.host}/rest/"
    ours = Client(http, endpoint, member_id=aurora.member_id, token=token)
    with Https(world, trusted):
        yield Pair(world, theirs, ours)
        http.clear()


def mixed(foreign: int) -> Commands:
    """Successes, errors, references and empty maps; `foreign` is another application's bot."""
    bot = "$result[bot][bot][id]"
    command = "$result[command][command][id]"
    title = "Ärger & Freude = 100 % + [x] ?"
    return {
        "who": ("profile", {}),
        "info": ("app.info", {}),
        "bindings": ("event.get", {}),
        "nobody": ("imbot.v2.Bot.list", {"offset": 99}),
        "bot": ("imbot.v2.Bot.register", {"fields": {"code": "b", "properties": {"name": "B"}}}),
        "bots": ("imbot.bot.list", {}),
        "command": (
            "imbot.v2.Command.register",
            {"botId": bot, "fields": {"command": "go", "title": {"en": title}}},
        ),
        "same": (
            "imbot.command.register",
            {
                "BOT_ID": bot,
                "COMMAND": "/go",
                "EVENT_COMMAND_ADD": "https://app.example/$result[bot][bot][code]",
                "LANG": [{"LANGUAGE_ID": "en", "TITLE": "Go"}],
            },
        ),
        "bound": ("event.get", {}),
        "commands": ("imbot.v2.Command.list", {"botId": bot}),
        "stub": ("method.get", {"name": "$result[who][no][such]"}),
        "unknown": ("no.such.method", {}),
        "nested": ("batch", {"cmd": ["profile"]}),
        "incomplete": ("imbot.v2.Command.update", {"botId": bot}),
        "gone": ("imbot.command.unregister", {"COMMAND_ID": 999}),
        "foreign": ("imbot.unregister", {"BOT_ID": foreign}),
        "dependent": ("imbot.v2.Command.unregister", {"botId": "$result[gone]", "commandId": 1}),
        "removed": ("imbot.v2.Command.unregister", {"botId": bot, "commandId": command}),
        "closed": ("imbot.unregister", {"BOT_ID": bot}),
    }


def test_mixed_batch_comes_to_the_same(pair: Pair) -> None:
    theirs, ours = pair.both(mixed(pair.world.portal("aurora").bots[0].id))

    assert ours == theirs
    results, errors = ours
    assert errors == {
        "unknown": "ERROR_METHOD_NOT_FOUND",
        "nested": "ERROR_BATCH_METHOD_NOT_ALLOWED",
        "incomplete": "100",
        "gone": "COMMAND_ID_ERROR",
        "foreign": "APP_ID_ERROR",
        "dependent": "BOT_ID_REQUIRED",
    }
    assert results["bindings"] == []
    assert results["same"] == results["command"]["command"]["id"]
    assert results["bound"][0]["handler"] == "https://app.example/b"
    assert results["commands"]["commands"][-1]["title"] == "Ärger & Freude = 100 % + [x] ?"
    assert (results["removed"], results["closed"]) == ({"result": True}, True)


@pytest.mark.parametrize(
    "commands",
    [
        {"a": ("profile", {}), "b": ("scope", {})},
        {"a": ("no.such.method", {}), "b": ("imbot.v2.Command.list", {})},
    ],
    ids=["no error", "no result"],
)
def test_one_of_the_maps_may_be_empty(pair: Pair, commands: Commands) -> None:
    theirs, ours = pair.both(commands)

    assert ours == theirs
    assert sorted(len(part) for part in ours) == [0, 2]


def test_nothing_runs_after_the_first_error_when_told_so(pair: Pair) -> None:
    commands = {"a": ("profile", {}), "b": ("no.such.method", {}), "c": ("scope", {})}

    theirs, ours = pair.both(commands, halt=True)

    assert ours == theirs
    assert (list(ours[0]), list(ours[1])) == (["a"], ["b"])


def test_long_batch_is_split_and_put_together_again(pair: Pair) -> None:
    commands: Commands = {
        f"n{n}": ("imbot.command.unregister", {"COMMAND_ID": 900 + n})
        if n % 3 == 0
        else ("method.get", {"name": ("profile", "no.such")[n % 2]})
        for n in range(120)
    }

    theirs, ours = pair.both(commands)

    assert ours == theirs
    assert [len(part) for part in ours] == [80, 40]
    assert pair.requests() == 3


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("profile", {}),
        ("app.info", {}),
        ("scope", {"full": "true"}),
        ("event.get", {}),
        ("imbot.bot.list", {}),
        ("imbot.v2.Bot.list", {"limit": 1}),
    ],
)
def test_single_call_comes_to_the_same(pair: Pair, method: str, params: dict[str, Any]) -> None:
    answer = pair.theirs.call_method(method, params)

    assert pair.ours.call(method, params) == answer["result"]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("no.such.method", {}, "ERROR_METHOD_NOT_FOUND"),
        ("imbot.command.unregister", {"COMMAND_ID": 1}, "COMMAND_ID_ERROR"),
        ("imbot.v2.Command.list", {"botId": 1}, "BOT_NOT_FOUND"),
        ("event.bind", {"event": "ONAPPTEST", "handler": "x"}, "ERROR_WRONG_HANDLER_URL"),
        ("event.bind", {}, "ERROR_ARGUMENT"),
    ],
)
def test_single_error_is_the_same(
    pair: Pair, method: str, params: dict[str, Any], code: str
) -> None:
    with pytest.raises(BitrixAPIError) as theirs:
        pair.theirs.call_method(method, params)
    with pytest.raises(PortalError) as ours:
        pair.ours.call(method, params)

    assert (ours.value.code, ours.value.status) == (code, theirs.value.status_code)
    assert str(theirs.value.error).upper() == code


def test_list_of_a_method_is_the_same(pair: Pair) -> None:
    for event in ("ONAPPUPDATE", "ONAPPUNINSTALL"):
        handler = "https://app.example/events"
        pair.theirs.call_method("event.bind", {"event": event, "handler": handler})

    records = pair.theirs.call_list("event.get")["result"]

    assert list(pair.ours.pages("event.get")) == records
    assert len(records) == 2


def test_official_client_understands_what_the_portal_says_of_itself(pair: Pair) -> None:
    client = pair.theirs.get_client()

    info, person = client.app.info().response, client.profile().response

    assert info.result == pair.ours.call("app.info")
    assert person.result == pair.ours.call("profile")
