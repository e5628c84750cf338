"""A simulator of SALESmanago's API v3 for product catalogs: no SALESmanago, and nothing of its code; rules from its documentation.

    python3 tests/simulators/salesmanago --port 9900 --key demo

Prints "ready PORT" when it listens. Control endpoints, all JSON (tests/support/salesmanago.py speaks to them):
    /_sim/state?catalog=&product=   products as stored        /_sim/requests, counts, refusals, versions, faults
    /_sim/settings                  what may be turned        /_sim/inject   faults (faults.py); DELETE takes them away
    /_sim/keys, revoke, catalogs    accounts                  /_sim/reset, release, ready
"""
import argparse
import asyncio
import gc
import ssl
import sys

from server import Connection, Simulator


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any; it is printed")
    parser.add_argument("--key", action="append", default=[], metavar="KEY[:ACCOUNT]", help="an API key that works; may be given more than once")
    parser.add_argument("--catalog", action="append", default=[], metavar="ID[:ACCOUNT]", help="a catalog that exists")
    parser.add_argument("--catalogs-max", type=int, default=3)
    parser.add_argument("--answer-ms", type=int, default=0)
    parser.add_argument("--seed", default="1", help="of faults that meet only a share")
    parser.add_argument("--cert", help="PEM with certificate and key: speaks TLS")
    return parser.parse_args()


async def serve(arguments):
    simulator = Simulator(arguments.seed)
    for given in arguments.key:
        key, _, account = given.partition(":")
        simulator.store.add_key(key, account or "default")
    for number, given in enumerate(arguments.catalog):
        catalog_id, _, account = given.partition(":")
        fields = {"catalogName": "Shop", "currency": "PLN", "location": f"shop{number}"}
        simulator.store.add_catalog(simulator.store.account(account or "default"), fields, catalog_id)
    for account in simulator.store.accounts.values():
        account.catalogs_max = arguments.catalogs_max
    simulator.store.settings.answer_ms = arguments.answer_ms
    context = None
    if arguments.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.cert)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(simulator), arguments.address, arguments.port, ssl=context, backlog=1024)
    print(f"ready {server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


def main():
    gc.set_threshold(100_000, 50, 100)  # products are trees without cycles
    try:
        asyncio.run(serve(parse()))
    except KeyboardInterrupt:
        return 0
    return 0


sys.exit(main())
