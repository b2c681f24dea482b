"""Texts by SMS and MMS: out to a handset, back as a reply, through the thread and the webhook."""

from agentphone import NotFoundError

ADA = "+14155550187"


async def there_and_back(world):
    api, sim = world.api, world.sim
    contact = await api.contacts.create(ADA, "Ada", email="ada@example.com")
    async with world.desk("Text desk", external_id="tag-7") as (agent, number):
        sent = await api.messages.send(agent_id=agent.id, to_number="(415) 555-0187", body="Your bike is ready.")
        world.proves("messages.send", (sent["status"], sent["channel"]) == ("sent", "sms"), sent)
        world.proves("messages.send", (sent["from_number"], sent["to_number"]) == (number.phone_number, ADA), sent)
        text = await sim.arrives(ADA, "Your bike is ready.")
        world.proves("messages.send", text["from"] == number.phone_number, f"the handset got it: {text}")

        reply = sim.text(ADA, number.phone_number, "Thanks, I come at 5")[0]
        event = await world.event("reply", lambda e: e.event == "agent.message" and e.data.message == "Thanks, I come at 5")
        data = event.data
        assert (event.channel, event.agent_id, data.direction) == ("sms", agent.id, "inbound"), event
        assert (data.from_number, data.to_number, data.number_id) == (ADA, number.phone_number, number.id), data
        assert data.contact["name"] == "Ada" and data.contact["id"] == contact.id, data.contact
        assert data.external_id == "tag-7" and data.conversation_id == sent["conversation_id"], data
        assert data.message_id == data.id == reply and data.media_urls == [] and data.group is None, data
        assert [(row.content, row.direction, row.channel) for row in event.recent_history] == [
            ("Your bike is ready.", "outbound", "sms")
        ], event.recent_history
        assert event.test is None and event.conversation_state is None, event

        page = await api.numbers.get_messages(number.id)
        rows = [(row.body, row.direction, row.from_number, row.to_number) for row in page.data]
        world.proves(
            "numbers.get_messages",
            rows == [
                ("Thanks, I come at 5", "inbound", ADA, number.phone_number),
                ("Your bike is ready.", "outbound", number.phone_number, ADA),
            ],
            f"newest first: {rows}",
        )
        world.proves("numbers.get_messages", page.data[0].id == data.message_id and page.data[0].status == "received")
        before = await api.numbers.get_messages(number.id, before=page.data[0].id)
        world.proves("numbers.get_messages", [row.id for row in before.data] == [sent["id"]] and not before.has_more)
        after = await api.numbers.get_messages(number.id, limit=1, after=sent["id"])
        world.proves("numbers.get_messages", [row.id for row in after.data] == [data.message_id], "strictly newer")
        delivered = await world.until(
            "delivery",
            lambda: api.numbers.get_messages(number.id),
            lambda page: page.data[1].status == "delivered",
        )
        world.proves("numbers.get_messages", delivered.data[1].failure_reason is None)

        threads = await api.agents.list_conversations(agent.id)
        thread = threads.data[0]
        world.proves("agents.list_conversations", threads.total == 1 and thread.id == sent["conversation_id"])
        world.proves("agents.list_conversations", thread.message_count == 2 and thread.participant == ADA, thread)
        world.proves("agents.list_conversations", thread.last_message_preview == "Thanks, I come at 5", thread)
        await world.refused(api.messages.send(agent_id=agent.id, to_number="911", body="x"), 403)
    await api.contacts.delete(contact.id)


async def with_a_picture(world):
    api, sim = world.api, world.sim
    async with world.desk("Picture desk") as (agent, number):
        picture = world.picture()
        sent = await api.messages.send(number_id=number.id, to_number=ADA, body="Look", media_urls=[picture])
        world.proves("messages.send", sent["channel"] == "mms" and len(sent["media_urls"]) == 1, sent)
        text = await sim.arrives(ADA, "Look")
        world.proves("messages.send", len(text["mediaUrls"]) == 1, text)
        sim.text(ADA, number.phone_number, "", media_urls=[picture])
        event = await world.event("picture", lambda e: e.agent_id == agent.id and e.channel == "mms")
        assert event.data.message == "" and event.data.media_url == event.data.media_urls[0], event.data
        assert len(event.data.media_urls) == 1, event.data.media_urls
        fetched = world.fetch(event.data.media_url)
        assert fetched.startswith(b"\x89PNG"), fetched[:16]


async def opted_out(world):
    api, sim = world.api, world.sim
    async with world.desk("Stop desk") as (agent, number):
        sim.text(ADA, number.phone_number, " stop ")
        await world.event("STOP", lambda e: e.agent_id == agent.id and e.data.message.strip() == "stop")
        error = await world.refused(api.messages.send(agent_id=agent.id, to_number=ADA, body="One more offer"), 403)
        assert isinstance(error.message, str), error.message
        sim.text(ADA, number.phone_number, "START")
        await world.event("START", lambda e: e.agent_id == agent.id and e.data.message == "START")
        sent = await api.messages.send(from_number=number.phone_number, to_number=ADA, body="Welcome back")
        world.proves("messages.send", sent["status"] == "sent", sent)
        await sim.arrives(ADA, "Welcome back")


async def refused(world):
    api = world.api
    async with world.desk("Refusing desk") as (agent, number):
        send = api.messages.send
        await world.refused(send(to_number=ADA, body="x"), 422)
        await world.refused(send(agent_id=agent.id, body="x"), 422)
        await world.refused(send(agent_id=agent.id, to_number=ADA), 422)
        await world.refused(send(agent_id=agent.id, to_number=ADA, recipients=[ADA, "+14155550188"], body="x"), 422)
        await world.refused(send(agent_id=agent.id, recipients=[ADA, "+14155550188"], body="x"), 400)
        await world.refused(send(agent_id=agent.id, to_number=ADA, body="x" * 1601), 422)
        await world.refused(send(agent_id="agt_unknown", to_number=ADA, body="x"), 404, NotFoundError)
        unknown = send(agent_id=agent.id, to_number=ADA, body="x", reply_to_message_id="msg_unknown")
        error = await world.refused(unknown, 404, NotFoundError)
        assert error.message == "Reply target not found.", error.message
        sent = await send(number_id=number.id, to_number=ADA, body="Plain text", send_style="confetti")
        world.proves("messages.send", sent["channel"] == "sms", "a style is dropped on SMS")
        await world.refused(api.messages.react(sent["id"], "love"), 400)
        await world.refused(api.messages.react("msg_unknown", "love"), 404, NotFoundError)


SCENARIOS = [there_and_back, with_a_picture, opted_out, refused]
