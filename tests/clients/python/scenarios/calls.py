"""Calls. A real one is begun early and looked at when the other scenarios are
through, because it takes the time it takes."""

import asyncio
import io
import wave

from agentphone import NotFoundError

from world import when

# A person who answers, asks for the opening hours, says goodbye and hangs up.
TALKER, BUSY = "+15005550001", "+15005550002"


async def begun(world):
    api = world.api
    agent = await api.agents.create(
        "Shop",
        voice_mode="hosted",
        system_prompt="We are open from nine to five. We sell bicycles.",
        begin_message="Hello, this is the bicycle shop.",
    )
    number = await api.numbers.buy(agent_id=agent.id)
    call = await api.calls.make(agent.id, TALKER, initial_greeting="Hello, are you there?")
    world.proves("calls.make", call.status == "in-progress" and call.direction == "outbound", call)
    world.proves("calls.make", (call.from_number, call.to_number) == (number.phone_number, TALKER), call)
    world.proves("calls.make", call.transcripts == [] and call.agent_id == agent.id)
    listener = asyncio.create_task(api.calls.stream_transcript(call.id))
    world.kept["call"] = (agent, number, call, listener)


async def ended_by_us(world):
    """A second call, on a topic, ended over the API."""
    api = world.api
    agent, number, _, _ = world.kept["call"]
    call = await api.calls.make_conversation(agent.id, TALKER, topic="Ask when the delivery arrives.")
    world.proves("calls.make_conversation", call.status == "in-progress" and call.phone_number_id == number.id)
    web = await api.calls.create_web_call(agent.id, metadata={"page": "pricing"}, variables={"name": "Ada"})
    world.proves("calls.create_web_call", web["accessToken"].count(".") == 2 and web["callId"].startswith("call_"))
    shown = await api.calls.get(web["callId"])
    world.proves("calls.create_web_call", (shown.direction, shown.from_number) == ("web", "web"), shown)
    busy = await api.calls.make(agent.id, BUSY, system_prompt="Say hello.", variables={"name": "Ada"}, model_tier="max")
    ended = await api.calls.end(call.id)
    world.proves("calls.end", ended["status"] == "ending" and ended["id"] == call.id, ended)
    done = await world.until("end", lambda: api.calls.get(call.id), lambda call: call.status != "in-progress")
    world.proves("calls.get", done.ended_at is not None, done)
    await world.refused(api.calls.end(call.id), 409)
    failed = await world.until("busy", lambda: api.calls.get(busy.id), lambda call: call.status != "in-progress")
    world.proves("calls.get", failed.status == "failed", failed)
    await world.refused(api.calls.get_recording(busy.id), 404, NotFoundError)


async def gone_through(world):
    """The first call, once the caller has hung up."""
    api = world.api
    agent, number, call, listener = world.kept["call"]
    done = await world.until("hang-up", lambda: api.calls.get(call.id), lambda call: call.status != "in-progress", 60)
    world.proves("calls.get", done.status == "completed" and done.duration_seconds > 3, done)
    asked = [row.transcript for row in done.transcripts if row.transcript]
    answered = " ".join(row.response or "" for row in done.transcripts)
    world.proves("calls.get", "are you there" in answered and "nine to five" in answered, done.transcripts)
    world.proves("calls.get", any("hours" in line or "opening" in line for line in asked), asked)

    flat = await api.calls.get_transcript(call.id)
    lines = [(line["role"], line["content"]) for line in flat["transcript"]]
    world.proves("calls.get_transcript", ("agent", "Hello, are you there?") in lines, lines)
    world.proves("calls.get_transcript", any(role == "user" for role, _ in lines) and flat["status"] == "completed")
    events = await listener
    names = [event["event"] for event in events]
    turns = [(event["data"]["role"], event["data"]["content"]) for event in events if event["event"] == "turn"]
    world.proves("calls.stream_transcript", names[0] == "connected" and names[-1] == "ended", names)
    world.proves("calls.stream_transcript", turns == lines, "the live turns are the transcript")
    first_turn = names.index("turn")
    world.proves("calls.stream_transcript", events[-1]["came"] - events[first_turn]["came"] > 2, "it came live")
    world.proves("calls.stream_transcript", events[-1]["data"]["status"] == "completed", events[-1])
    replay = await api.calls.stream_transcript(call.id)
    world.proves("calls.stream_transcript", [event["event"] for event in replay] == names, "replayed")

    recording = await world.recording(call.id)
    sound = wave.open(io.BytesIO(recording.content))
    seconds = sound.getnframes() / sound.getframerate()
    world.proves("calls.get_recording", recording.content_type.startswith("audio/"), recording.content_type)
    world.proves("calls.get_recording", abs(seconds - done.duration_seconds) < 3, f"{seconds} s of sound")
    shown = await api.calls.get(call.id)
    world.proves("calls.get_recording", shown.recording_available and call.id in shown.recording_url, shown)

    event = await world.event("end of the call", lambda e: e.event == "agent.call_ended" and e.data.call_id == call.id)
    raw = event.data.raw
    assert (event.channel, event.agent_id, raw["status"]) == ("voice", agent.id, "completed"), event
    # Both say goodbye; either may be the first to hang up.
    assert raw["disconnectionReason"] in ("user_hangup", "agent_hangup"), raw
    assert raw["durationSeconds"] == done.duration_seconds, raw
    assert [(line["role"], line["content"]) for line in raw["transcript"]] == lines, raw["transcript"]
    assert world.hook.count(lambda e: e.event == "agent.call_ended" and e.data.call_id == call.id) == 1


async def listed(world):
    api = world.api
    agent, number, call, _ = world.kept["call"]
    found = await api.calls.list(direction="outbound", status="completed", type="pstn", search="5005550001")
    world.proves("calls.list", call.id in [row.id for row in found.data], found)
    world.proves("calls.list", (await api.calls.list(status="nonsense")).total == 0)
    page = await api.calls.list(limit=1)
    world.proves("calls.list", page.has_more and page.total >= 3 and len(page.data) == 1)
    rows = (await api.calls.list()).data
    world.proves("calls.list", rows == sorted(rows, key=lambda row: when(row.started_at), reverse=True), "newest first")
    snippet = [row for row in rows if row.id == call.id][0].last_transcript_snippet
    world.proves("calls.list", snippet, "the last words")
    of_agent = await api.agents.list_calls(agent.id)
    world.proves("agents.list_calls", of_agent.total == 4 and call.id in [row.id for row in of_agent.data], of_agent)
    of_number = await api.numbers.list_calls(number.id, limit=2)
    world.proves("numbers.list_calls", len(of_number.data) == 2 and of_number.total == 3, "the web call is of no number")


async def refused(world):
    api = world.api
    agent, number, _, _ = world.kept["call"]
    await world.refused(api.calls.get("call_unknown"), 404, NotFoundError)
    await world.refused(api.calls.end("call_unknown"), 404, NotFoundError)
    await world.refused(api.calls.get_transcript("call_unknown"), 404, NotFoundError)
    await world.refused(api.calls.stream_transcript("call_unknown"), 404, NotFoundError)
    await world.refused(api.calls.get_recording("call_unknown"), 404, NotFoundError)
    await world.refused(api.calls.make("agt_unknown", TALKER), 404, NotFoundError)
    await world.refused(api.calls.make(agent.id, "4155550187"), 422)
    await world.refused(api.calls.make(agent.id, "+1911"), 403)
    await world.refused(api.calls.make(agent.id, TALKER, from_number_id="num_unknown"), 404, NotFoundError)
    await api.numbers.release(number.id)
    await world.refused(api.calls.make(agent.id, TALKER), 400)
    await world.refused(api.agents.list_calls("agt_unknown"), 404, NotFoundError)
    await world.refused(api.agents.list_conversations("agt_unknown"), 404, NotFoundError)
    await api.agents.delete(agent.id)


FIRST = [begun]
SCENARIOS = [ended_by_us]
LAST = [gone_through, listed, refused]
