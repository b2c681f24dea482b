"""Numbers: searched, bought, attached, changed, looked up, released."""

import datetime

from agentphone import NotFoundError


async def searched(world):
    offers = await world.api.numbers.available(area_code="415", limit=5)
    world.proves("numbers.available", 1 <= len(offers) <= 5 and all(offer.area_code == "415" for offer in offers))
    world.proves("numbers.available", all(offer.phone_number.startswith("+1415") for offer in offers))
    offers = await world.api.numbers.available(state="CA", country="US", limit=3)
    world.proves("numbers.available", offers and all(offer.state == "CA" for offer in offers), offers)
    await world.refused(world.api.numbers.available(area_code="41"), 422)


async def bought_and_released(world):
    numbers, agents = world.api.numbers, world.api.agents
    wanted = (await numbers.available(area_code="415", limit=1))[0].phone_number
    agent = await agents.create("Number owner")
    number = await numbers.buy(area_code="415", external_id="desk-1")
    world.proves("numbers.buy", number.phone_number.startswith("+1415555") and number.status == "active", wanted)
    world.proves("numbers.buy", (number.country, number.type, number.external_id) == ("US", "sms", "desk-1"))
    attached = await agents.attach_number(agent.id, number.id)
    world.proves("agents.attach_number", attached["number"]["id"] == number.id and attached["agentId"] == agent.id)
    world.proves("agents.attach_number", [row.id for row in (await agents.get(agent.id)).numbers] == [number.id])
    world.proves("numbers.get", (await numbers.get(number.id)).agent_id == agent.id)
    world.proves("numbers.list", number.id in [row.id for row in (await numbers.list()).data])
    detached = await agents.detach_number(agent.id, number.id)
    world.proves("agents.detach_number", detached == {"success": True})
    world.proves("agents.detach_number", (await numbers.get(number.id)).agent_id is None)
    await world.refused(agents.detach_number(agent.id, number.id), 404, NotFoundError)
    gone = await numbers.release(number.id)
    world.proves("numbers.release", gone == {"success": True, "phoneNumber": number.phone_number, "status": "released"})
    world.proves("numbers.release", (await numbers.get(number.id)).status == "released", "still readable")
    world.proves("numbers.list", number.id not in [row.id for row in (await numbers.list(limit=100)).data])
    await world.refused(numbers.release(number.id), 400)
    await world.refused(agents.attach_number(agent.id, number.id), 400)
    await agents.delete(agent.id)


async def bought_for_an_agent(world):
    agent = await world.api.agents.create("Canadian desk")
    number = await world.api.numbers.buy(country="CA", agent_id=agent.id)
    world.proves("numbers.buy", number.country == "CA" and number.agent_id == agent.id)
    await world.api.agents.delete(agent.id)
    world.proves("agents.delete", (await world.api.numbers.get(number.id)).agent_id is None, "the number stays")
    await world.api.numbers.release(number.id)


async def changed(world):
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)
    expires = later.strftime("%Y-%m-%dT%H:%M:%SZ")
    number = await world.api.numbers.buy(external_id="a")
    renamed = await world.api.numbers.update(number.id, external_id="b", expires_at=expires)
    world.proves("numbers.update", renamed.external_id == "b" and renamed.expires_at == expires, renamed)
    world.proves("numbers.update", await world.api.numbers.get(number.id) == renamed)
    await world.refused(world.api.numbers.update("num_unknown", external_id="x"), 404, NotFoundError)
    await world.api.numbers.release(number.id)


async def looked_up(world):
    rows = await world.api.numbers.lookup(["+14155550123", "+16135550123"])
    world.proves("numbers.lookup", [row.phone_number for row in rows] == ["+14155550123", "+16135550123"], rows)
    world.proves("numbers.lookup", [row.country for row in rows] == ["US", "CA"], rows)
    world.proves("numbers.lookup", all(row.line_type in ("mobile", "landline", "voip", None) for row in rows))
    world.proves("numbers.lookup", (await world.api.numbers.lookup("+14155550123"))[0] == rows[0], "one as text")
    many = [f"+1415555{n:04}" for n in range(100, 126)]
    await world.refused(world.api.numbers.lookup(many), 422)


async def refused(world):
    error = await world.refused(world.api.numbers.buy(area_code="999"), 409)
    assert isinstance(error.message, str), error.message
    await world.refused(world.api.numbers.buy(agent_id="agt_unknown"), 404, NotFoundError)
    await world.refused(world.api.numbers.buy(country="DE"), 422)
    await world.refused(world.api.numbers.get("num_unknown"), 404, NotFoundError)
    await world.refused(world.api.numbers.get_messages("num_unknown"), 404, NotFoundError)
    await world.refused(world.api.numbers.list_calls("num_unknown"), 404, NotFoundError)


SCENARIOS = [searched, bought_and_released, bought_for_an_agent, changed, looked_up, refused]
