"""What only iMessage lines can do: tapbacks, replies, typing, backgrounds, groups, shared contacts."""

# Numbers that have iMessage on the simulated network.
ADA, BOB = "+15005550110", "+15005550111"


async def one_to_one(world):
    api, sim = world.api, world.sim
    async with world.desk("Blue desk", type="imessage") as (agent, number):
        assert number.type == "imessage" and number.daily_new_contacts["limit"] > 0, number
        sent = await api.messages.send(agent_id=agent.id, to_number=ADA, body="See you!", send_style="confetti")
        world.proves("messages.send", sent["channel"] == "imessage", sent)
        thread = sent["conversation_id"]
        able = (await api.conversations.get(thread)).capabilities
        assert able.send_channel == "imessage" and able.reactions, able

        sim.text(ADA, number.phone_number, "At five?", channel="imessage")
        asked = (await world.event("question", lambda e: e.agent_id == agent.id and e.data.message == "At five?")).data
        tapback = await api.messages.react(asked.message_id, "love")
        world.proves("messages.react", tapback["reaction_type"] == "love" and tapback["message_id"] == asked.message_id)
        world.proves("messages.react", tapback["channel"] == "imessage" and tapback["id"], tapback)
        await world.refused(api.messages.react(asked.message_id, "adore"), 422)
        reply = await api.messages.send(
            agent_id=agent.id, to_number=ADA, body="Yes", reply_to_message_id=asked.message_id
        )
        world.proves("messages.send", reply["reply_to_message_id"] == asked.message_id, reply)
        rows = {row.body: row for row in (await api.conversations.get(thread)).messages}
        world.proves("conversations.get", rows["Yes"].reply_to.message == "At five?", rows["Yes"].reply_to)
        seen = [(row.reaction_type, row.direction) for row in rows["At five?"].reactions]
        world.proves("messages.react", seen == [("love", "outbound")], seen)

        sim.react(ADA, sent["id"], "like")
        event = await world.event("tapback", lambda e: e.event == "agent.reaction" and e.agent_id == agent.id)
        raw = event.data.raw
        assert (event.channel, event.data.reaction_type, raw["fromNumber"]) == ("imessage", "like", ADA), raw
        assert raw["messageId"] == sent["id"] and raw["messageBody"] == "See you!", raw

        typing = await api.conversations.send_typing(thread)
        world.proves("conversations.send_typing", typing["conversationId"] == thread and typing["channel"] == "imessage")
        picture = world.picture()
        background = await api.conversations.set_background(thread, picture)
        world.proves("conversations.set_background", background["hasBackground"] and background["changed"], background)
        again = await api.conversations.set_background(thread, picture)
        world.proves("conversations.set_background", again["changed"] is False, again)
        world.proves("conversations.delete_background", await api.conversations.delete_background(thread) == {})
        world.proves("conversations.delete_background", await api.conversations.delete_background(thread) == {}, "twice")

        sim.share_contact(ADA, number.phone_number, first_name="Grace", last_name="Hopper", phone="+14155550189")
        event = await world.event("contact", lambda e: e.event == "agent.contact_shared" and e.agent_id == agent.id)
        shared = event.data.raw["contacts"][0]
        assert event.channel == "imessage" and event.data.conversation_id == thread, event
        assert shared["firstName"] == "Grace" and shared["phoneNumbers"] == ["+14155550189"], shared


async def groups(world):
    api, sim = world.api, world.sim
    async with world.desk("Group desk", type="imessage") as (agent, number):
        sent = await api.messages.send(agent_id=agent.id, recipients=[ADA, BOB], body="Dinner?")
        group = sent["to_number"]
        world.proves("messages.send", group.startswith("grp_") and sent["channel"] == "imessage", sent)
        again = await api.messages.send(agent_id=agent.id, to_number=group, body="At 8?")
        world.proves("messages.send", again["conversation_id"] == sent["conversation_id"], again)
        named = await api.conversations.update(sent["conversation_id"], group_name="Team")
        world.proves("conversations.update", named.is_group and named.group_name == "Team", named)
        world.proves("conversations.update", {row["identifier"] for row in named.participants} == {ADA, BOB})
        await sim.arrives(BOB, "At 8?")
        sim.text(ADA, number.phone_number, "Fine", channel="imessage", group={"id": group})
        event = await world.event("answer", lambda e: e.agent_id == agent.id and e.data.message == "Fine")
        assert event.data.conversation_id == sent["conversation_id"], event
        assert event.data.group["groupId"] == group and event.data.group["groupName"] == "Team", event.data.group
        assert [row.content for row in event.recent_history] == ["Dinner?", "At 8?"], event.recent_history
        await world.refused(api.conversations.set_background(sent["conversation_id"], world.picture()), 400)
        typing = await api.conversations.send_typing(sent["conversation_id"])
        world.proves("conversations.send_typing", typing["channel"] == "imessage")


async def groups_of_others(world):
    """A group that somebody else made, and our reply into it."""
    api, sim = world.api, world.sim
    async with world.desk("Invited desk", type="imessage") as (agent, number):
        team = {"id": "team", "name": "Team", "members": [ADA, BOB]}
        sim.text(ADA, number.phone_number, "Dinner at 8?", channel="imessage", group=team)
        event = await world.event("group text", lambda e: e.agent_id == agent.id and e.data.message == "Dinner at 8?")
        data = event.data
        assert event.channel == "imessage" and data.sender_identifier == data.from_number == ADA, data
        group = data.group
        assert group["isGroup"] and group["groupId"].startswith("grp_") and group["groupName"] == "Team", group
        assert {row["identifier"] for row in group["participants"]} == {ADA, BOB}, group
        sent = await api.messages.send(agent_id=agent.id, to_number=group["groupId"], body="Fine with me")
        world.proves("messages.send", sent["conversation_id"] == data.conversation_id, sent)
        for phone in (ADA, BOB):
            await sim.arrives(phone, "Fine with me")
        rows = (await api.conversations.get(data.conversation_id)).messages
        world.proves("conversations.get", [row.sender_identifier for row in rows] == [ADA, None], rows)


SCENARIOS = [one_to_one, groups, groups_of_others]
