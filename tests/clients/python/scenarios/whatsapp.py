"""The WhatsApp integration: connected, bound to a number, templates, undone."""

from agentphone import NotFoundError

ADA = "+14155550187"


async def connected(world):
    whatsapp = world.api.whatsapp
    before = await whatsapp.whatsapp_status()
    world.proves("whatsapp.whatsapp_status", before["connected"] is False and before["connections"] == [], before)
    async with world.desk("Green desk") as (agent, number):
        made = await whatsapp.whatsapp_connect("code-1", waba_id="waba_1", agent_id=agent.id)
        connection = made["connection_id"]
        world.proves("whatsapp.whatsapp_connect", made["status"] == "connected", made)
        status = await whatsapp.whatsapp_status()
        world.proves("whatsapp.whatsapp_status", status["connected"] is True and len(status["connections"]) == 1, status)
        free = (await whatsapp.whatsapp_available_numbers(connection))["data"]
        mine = [row for row in free if row["display_phone_number"].replace(" ", "") == number.phone_number]
        world.proves("whatsapp.whatsapp_available_numbers", free and all(row["phone_number_id"] for row in free), free)
        chosen = (mine or free)[0]
        bound = await whatsapp.whatsapp_connect_number(connection, chosen["phone_number_id"], agent_id=agent.id)
        world.proves("whatsapp.whatsapp_connect_number", bound["success"] is True, bound)
        line = await world.api.numbers.get(bound["number_id"])
        world.proves("whatsapp.whatsapp_connect_number", line.whatsapp_enabled is True and line.agent_id == agent.id, line)

        world.sim.text(ADA, line.phone_number, "Basic plan", channel="whatsapp")
        event = await world.event("whatsapp", lambda e: e.channel == "whatsapp" and e.data.message == "Basic plan")
        assert event.event == "agent.message" and event.data.number_id == line.id, event
        assert event.agent_id == agent.id and event.data.from_number == ADA, event

        hello = [{"type": "BODY", "text": "Hello {{1}}"}]
        template = await whatsapp.whatsapp_create_template(connection, "hello", "UTILITY", components=hello)
        world.proves("whatsapp.whatsapp_create_template", template["id"] and template["category"] == "UTILITY", template)
        listed = (await whatsapp.whatsapp_list_templates(connection, name="hello"))["data"]
        world.proves("whatsapp.whatsapp_list_templates", [row["name"] for row in listed] == ["hello"], listed)
        none = (await whatsapp.whatsapp_list_templates(connection, category="MARKETING"))["data"]
        world.proves("whatsapp.whatsapp_list_templates", none == [], none)
        gone = await whatsapp.whatsapp_delete_template(connection, "hello")
        world.proves("whatsapp.whatsapp_delete_template", gone["success"] is True, gone)
        left = (await whatsapp.whatsapp_list_templates(connection))["data"]
        world.proves("whatsapp.whatsapp_delete_template", "hello" not in [row["name"] for row in left], left)
        gone = await whatsapp.whatsapp_disconnect(connection)
        world.proves("whatsapp.whatsapp_disconnect", gone["success"] is True, gone)
        world.proves("whatsapp.whatsapp_disconnect", (await whatsapp.whatsapp_status())["connected"] is False)
    await world.refused(whatsapp.whatsapp_available_numbers("wac_unknown"), 404, NotFoundError)
    await world.refused(whatsapp.whatsapp_disconnect("wac_unknown"), 404, NotFoundError)


SCENARIOS = [connected]
