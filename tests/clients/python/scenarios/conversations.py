"""Threads: state that comes back with every event, paging, what a line can do."""

from agentphone import NotFoundError

ADA = "+14155550187"


async def kept(world):
    api, sim = world.api, world.sim
    async with world.desk("Thread desk") as (agent, number):
        for word in ("one", "two", "three"):
            sent = await api.messages.send(agent_id=agent.id, to_number=ADA, body=word)
        thread = sent["conversation_id"]
        conversations = api.conversations
        listed = await conversations.list()
        world.proves("conversations.list", listed.data[0].id == thread, "the latest comes first")
        world.proves("conversations.list", (await conversations.list(limit=1)).has_more == (listed.total > 1))

        state = {"stage": "lead", "order": {"id": 7}}
        changed = await conversations.update(thread, metadata=state)
        world.proves("conversations.update", changed.metadata == state, changed.metadata)
        detail = await conversations.get(thread)
        world.proves("conversations.get", detail.metadata == state and detail.message_count == 3)
        world.proves("conversations.get", [row.body for row in detail.messages] == ["one", "two", "three"], "oldest first")
        world.proves("conversations.get", detail.phone_number == number.phone_number and detail.participant == ADA)
        able = detail.capabilities
        world.proves("conversations.get", able.can_send_messages and able.send_channel == "sms" and not able.reactions)
        short = await conversations.get(thread, message_limit=1)
        world.proves("conversations.get", [row.body for row in short.messages] == ["three"], "the newest ones")

        page = await conversations.get_messages(thread, limit=2)
        world.proves("conversations.get_messages", [row.body for row in page.data] == ["three", "two"] and page.has_more)
        rest = await conversations.get_messages(thread, limit=2, before=page.data[-1].id)
        world.proves("conversations.get_messages", [row.body for row in rest.data] == ["one"] and not rest.has_more)
        by_time = await conversations.get_messages(thread, before=page.data[0].received_at)
        world.proves("conversations.get_messages", "three" not in [row.body for row in by_time.data], "a time is a cursor too")

        sim.text(ADA, number.phone_number, "four")
        event = await world.event("four", lambda e: e.agent_id == agent.id and e.data.message == "four")
        assert event.conversation_state == state, event.conversation_state
        assert [row.content for row in event.recent_history] == ["one", "two", "three"], "oldest first"
        await world.refused(conversations.send_typing(thread), 400)
        await world.refused(conversations.set_background(thread, world.picture()), 400)
    await world.refused(conversations.get("conv_unknown"), 404, NotFoundError)
    await world.refused(conversations.update("conv_unknown", metadata={}), 404, NotFoundError)
    await world.refused(conversations.get_messages("conv_unknown"), 404, NotFoundError)
    world.proves("conversations.get", (await conversations.get(thread)).agent_id is None, "kept without its agent")


SCENARIOS = [kept]
