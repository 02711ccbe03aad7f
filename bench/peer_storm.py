"""One peer's own way of renewing, in the environment of the peers, met by many threads at once.

`python peer_storm.py PEER ORIGIN THREADS`: prints how many of the calls came through. The token
all of them hold has ended; each peer is used as its documentation shows, one object for all.
"""

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from authlib.integrations.requests_client import OAuth2Session
from b24pysdk import BitrixApp, BitrixToken
from b24pysdk.api.requesters.bitrix_oauth_requester import BitrixOAuthRequester
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation import TokenRotator

ENDED = f"{'5' * 32}.1.{0:035d}"


def b24pysdk(origin: str) -> Callable[[], bool]:
    """A token object whose access token the portal calls expired."""
    BitrixOAuthRequester._OAUTH_TOKEN_URL = f"{origin}/oauth/token/"
    token = BitrixToken(
        domain=urlsplit(origin).netloc,
        auth_token=ENDED,
        refresh_token=ENDED,
        bitrix_app=BitrixApp(client_id="app.bench", client_secret="unused"),
    )
    return lambda: token.call_method("profile")["result"]["ID"] == "1"


def authlib(origin: str) -> Callable[[], bool]:
    """A session that renews by itself."""
    session = OAuth2Session(
        "app.bench",
        "unused",
        token_endpoint=f"{origin}/oauth/token/",
        token={
            "access_token": ENDED,
            "refresh_token": ENDED,
            "token_type": "bearer",
            "expires_at": int(time.time()) - 60,
        },
    )
    return lambda: session.get(f"{origin}/rest/profile.json").status_code == 200


def slack_sdk(origin: str) -> Callable[[], bool]:
    """The rotator, with a store of one bot."""
    rotator = TokenRotator(
        client_id="1", client_secret="unused", client=WebClient(base_url=f"{origin}/api/")
    )
    known = Bot(
        bot_token=ENDED,
        bot_refresh_token=ENDED,
        bot_token_expires_at=int(time.time()) - 60,
        bot_id="B1",
        bot_user_id="U1",
        team_id="5",
        installed_at=time.time(),
    )

    def call() -> bool:
        nonlocal known
        renewed = rotator.perform_bot_token_rotation(bot=known)
        if renewed:
            known = renewed
        return renewed is not None

    return call


def main(peer: str, origin: str, threads: str) -> None:
    call = {"b24pysdk": b24pysdk, "authlib": authlib, "slack_sdk": slack_sdk}[peer](origin)
    start = threading.Barrier(int(threads))

    def once(_: int) -> bool:
        start.wait()
        try:
            return call()
        except Exception:
            return False  # whatever it raises, its caller has no answer

    with ThreadPoolExecutor(int(threads)) as pool:
        print(sum(pool.map(once, range(int(threads)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
