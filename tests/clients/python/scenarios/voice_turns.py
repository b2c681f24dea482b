"""A webhook agent is called: each turn is a signed request that is answered at once."""

import asyncio


async def answered(world):
    api, hook = world.api, world.hook
    async with world.desk("Thinks for itself") as (agent, number):
        own = await api.agents.set_webhook(agent.id, hook.url("/voice"), context_limit=10, timeout=10)
        hook.secrets["/voice"] = own.secret
        await api.agents.update(agent.id, begin_message="Hello, how can I help?")
        hook.reply = lambda event: (
            {"text": "We are open from nine to five. Goodbye.", "hangup": True} if event.channel == "voice" else {}
        )
        body = {"toNumber": number.phone_number, "fromNumber": "+14155550187", "say": ["What are your opening hours?"]}
        ringing = asyncio.create_task(asyncio.to_thread(world.ask, "POST", "/offhook/v1/sim/calls", body))

        def turn(event):
            return event.event == "agent.message" and event.channel == "voice"

        event = await world.event("voice turn", turn, path="/voice", seconds=40)
        data = event.data
        assert event.agent_id == agent.id and data.status == "in-progress" and data.direction == "inbound", event
        assert (data.from_number, data.to_number, data.number_id) == ("+14155550187", number.phone_number, number.id)
        assert data.call_id.startswith("call_") and isinstance(data.transcript, str) and data.transcript, data
        assert 0 <= data.raw["confidence"] <= 1, data.raw
        history = [(row.content, row.direction, row.channel) for row in event.recent_history]
        assert history == [("Hello, how can I help?", "outbound", "voice")], history

        def over(event):
            return event.event == "agent.call_ended" and event.data.call_id == data.call_id

        event = await world.event("end of the call", over, path="/voice", seconds=40)
        raw = event.data.raw
        assert raw["disconnectionReason"] == "agent_hangup" and raw["status"] == "completed", raw
        lines = [(line["role"], line["content"]) for line in raw["transcript"]]
        assert lines[0] == ("agent", "Hello, how can I help?") and lines[-1][0] == "agent", lines
        assert "nine to five" in lines[-1][1] and ("user", data.transcript) in lines, lines
        status, record = await ringing
        assert status == 200 and record["outcome"] == "they_hung_up", record


SCENARIOS = [answered]
