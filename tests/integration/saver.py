"""A real process that has a new pair of tokens, which no store takes, and comes to its end."""

from __future__ import annotations

import os
import sys

from b24app.crypto import KeyRing
from b24app.errors import StoreUnavailable
from b24app.records import Tokens
from b24app.store.chains import Ledger
from b24app.store.server import open_redis


def main(url: str, member_id: str) -> None:
    ring = KeyRing([bytes.fromhex(os.environ["TOKEN_KEY"])])
    ledger = Ledger(open_redis(url, "REDIS_URL", decode=True), ring, patience=0.1)
    try:
        ledger.save(member_id, ledger.read(member_id).chains[0], Tokens("new", "newer", 2**31))
    except StoreUnavailable:
        print("not saved, ending", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
