"""Runs every scenario with the official Python client and prints what each method proved.

Usage: run.py sync|async BASE_URL API_KEY MAIL TABLE [GROUP…]

The server must have the simulated carrier, no rate limits, and may call
webhooks on loopback (webhooks.allow_private). MAIL is the directory it writes
mail to. Exits 1 when a scenario fails or
a method of the installed client was not proved; TABLE is then still written.
"""

import asyncio
import importlib.metadata
import sys
import time
import traceback

from face import Face, open_client
from hook import Hook
from scenarios import (
    agents,
    calls,
    contact_cards,
    contacts,
    conversations,
    feedback,
    imessage,
    location,
    messages,
    numbers,
    registration,
    sign_up,
    sip_trunks,
    sub_accounts,
    usage,
    verification,
    voice_turns,
    webhooks,
    whatsapp,
)
from table import Table, documented_routes, methods_of
from world import World

# In this order: the webhook is there before anything happens, the call goes on
# meanwhile, and usage counts what the others did.
ORDER = [
    webhooks.SCENARIOS,
    calls.FIRST,
    agents.SCENARIOS,
    numbers.SCENARIOS,
    contacts.SCENARIOS,
    contact_cards.SCENARIOS,
    messages.SCENARIOS,
    conversations.SCENARIOS,
    imessage.SCENARIOS,
    location.SCENARIOS,
    whatsapp.SCENARIOS,
    verification.SCENARIOS,
    registration.SCENARIOS,
    sub_accounts.SCENARIOS,
    sip_trunks.SCENARIOS,
    feedback.SCENARIOS,
    sign_up.SCENARIOS,
    voice_turns.SCENARIOS,
    calls.SCENARIOS,
    calls.LAST,
    usage.SCENARIOS,
    webhooks.LAST,
]


async def play(world, only):
    """Every scenario, each whether or not the ones before went well."""
    for scenario in [scenario for group in ORDER for scenario in group]:
        name = f"{scenario.__module__.removeprefix('scenarios.')}.{scenario.__name__}"
        if only and not any(name.startswith(wanted) for wanted in only):
            continue
        began = time.monotonic()
        try:
            await scenario(world)
            print(f"ok   {time.monotonic() - began:5.1f} s  {name}", flush=True)
        except Exception as error:
            world.table.failures.append(name)
            print(f"FAIL {time.monotonic() - began:5.1f} s  {name}: {type(error).__name__}: {error}", flush=True)
            traceback.print_exc(limit=-3, file=sys.stdout)


async def main(kind, base_url, key, mail, path, *only):
    client = open_client(kind, key, base_url)
    table = Table(methods_of(client))
    api = Face(client, table)
    world = World(api, table, Hook(), base_url, key, mail)
    await play(world, only)
    await api.close()

    lines = [f"agentphone {importlib.metadata.version('agentphone')}, {kind} client", *table.lines()]
    print("\n" + "\n".join(lines))
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    proven, routes = table.routes_proven(), set(documented_routes("py").values())
    bad = [method for method in table.rows if not table.result(method).startswith("ok")]
    print(f"\n{len(proven)}/{len(routes)} routes proved, {len(table.rows) - len(bad)}/{len(table.rows)} methods")
    return 1 if table.failures or bad or len(proven) < len(routes) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
