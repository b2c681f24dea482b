"""Sub-accounts, and the header that acts for one. The client has no argument
for it; a caller sets it beside the client."""

from agentphone import NotFoundError


async def made_and_scoped(world):
    subs = world.api.sub_accounts
    made = await subs.create("Client A")
    world.proves("sub_accounts.create", made["id"].startswith("sub_") and made["name"] == "Client A", made)
    world.proves("sub_accounts.list", made["id"] in [row["id"] for row in await subs.list()])
    renamed = await subs.update(made["id"], "Client B")
    world.proves("sub_accounts.update", renamed["name"] == "Client B" and renamed["id"] == made["id"])
    header = {"X-Sub-Account-Id": made["id"]}
    status, agent = world.ask("POST", "/v1/agents", {"name": "Theirs"}, header)
    assert status == 200, agent
    await world.refused(world.api.agents.get(agent["id"]), 404, NotFoundError)
    assert world.ask("GET", f"/v1/agents/{agent['id']}", headers=header)[0] == 200
    assert world.ask("DELETE", f"/v1/agents/{agent['id']}", headers=header)[0] == 200
    world.proves("sub_accounts.delete", (await subs.delete(made["id"]))["success"] is True)
    world.proves("sub_accounts.list", made["id"] not in [row["id"] for row in await subs.list()])
    await world.refused(subs.update(made["id"], "Gone"), 404, NotFoundError)
    await world.refused(subs.delete(made["id"]), 404, NotFoundError)
    await world.refused(subs.create(""), 422)


async def kept_while_it_holds_a_number(world):
    subs = world.api.sub_accounts
    made = await subs.create("Holder")
    header = {"X-Sub-Account-Id": made["id"]}
    status, number = world.ask("POST", "/v1/numbers", {}, header)
    assert status == 200, number
    await world.refused(subs.delete(made["id"]), 409)
    assert world.ask("DELETE", f"/v1/numbers/{number['id']}", headers=header)[0] == 200
    world.proves("sub_accounts.delete", (await subs.delete(made["id"]))["success"] is True)


SCENARIOS = [made_and_scoped, kept_while_it_holds_a_number]
