"""b24pysdk at work, in the environment of the peers: `python peer_b24pysdk.py HOST:PORT TOKEN`.

For each line `CALLS THREADS` on standard input it calls `profile` so often, spread over so many
threads, and answers with one line of JSON: seconds in all, and each call's milliseconds.
It is called as its documentation shows: one token object, `call_method`.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from b24pysdk import BitrixApp, BitrixToken


def main(domain: str, access: str) -> None:
    application = BitrixApp(client_id="app.bench", client_secret="unused")
    token = BitrixToken(domain=domain, auth_token=access, bitrix_app=application)

    def work(calls: int) -> list[float]:
        took = []
        for _ in range(calls):
            began = time.perf_counter()
            assert token.call_method("profile")["result"]["ID"] == "1"
            took.append((time.perf_counter() - began) * 1000)
        return took

    for order in sys.stdin:
        calls, threads = map(int, order.split())
        began = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            took = list(chain.from_iterable(pool.map(work, [calls // threads] * threads)))
        print(json.dumps({"seconds": time.perf_counter() - began, "took": took}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
