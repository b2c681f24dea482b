"""Agents: made, read, changed, paged, refused, deleted."""

from agentphone import NotFoundError

SETTINGS = dict(
    description="made by the official client",
    voice_mode="hosted",
    model_tier="turbo",
    system_prompt="We are open from nine to five. We sell bicycles.",
    begin_message="Hello, this is the bicycle shop.",
    voice="Polly.Amy",
    transfer_number="+14155550100",
    voicemail_message="Sorry, nobody is here.",
    stt_mode="accurate",
    ambient_sound="office",
    denoising_mode="noise-and-background-speech-cancellation",
    max_silence_ms=20000,
    enable_messaging=False,
    enable_backchannel=False,
    interruption_sensitivity=0.5,
    voice_speed=1.1,
    language="en-GB",
)


async def voices(world):
    ids = [voice["voice_id"] for voice in await world.api.agents.list_voices()]
    world.proves("agents.list_voices", {"Polly.Amy", "Polly.Joanna"} <= set(ids), ids)


async def made_and_changed(world):
    agents = world.api.agents
    agent = await agents.create("  Python Desk  ", **SETTINGS)
    kept = {name: getattr(agent, name) for name in SETTINGS}
    world.proves("agents.create", agent.name == "Python Desk" and kept == SETTINGS and agent.numbers == [], kept)
    again = await agents.get(agent.id)
    world.proves("agents.get", again == agent, again)
    changed = await agents.update(agent.id, name="Front Desk", voice_speed=2.0, transfer_number="")
    world.proves("agents.update", changed.name == "Front Desk" and changed.voice_speed == 2.0)
    world.proves("agents.update", changed.transfer_number is None and changed.system_prompt == agent.system_prompt)
    switched = await agents.update(agent.id, voice_mode="webhook")
    world.proves("agents.update", switched.system_prompt is None and switched.begin_message is None)
    world.proves("agents.get", await agents.get(agent.id) == switched)
    gone = await agents.delete(agent.id)
    world.proves("agents.delete", gone == {"success": True, "id": agent.id, "name": "Front Desk"}, gone)
    await world.refused(agents.get(agent.id), 404, NotFoundError)
    await world.refused(agents.delete(agent.id), 404, NotFoundError)


async def defaults(world):
    agent = await world.api.agents.create("Plain")
    world.proves("agents.create", (agent.voice_mode, agent.model_tier, agent.stt_mode) == ("webhook", "balanced", "fast"))
    world.proves("agents.create", (agent.max_silence_ms, agent.voice_speed, agent.language) == (600000, 1.0, "en-US"))
    world.proves("agents.create", isinstance(agent.voice, str) and agent.custom_tools == [])
    await world.api.agents.delete(agent.id)


async def paged(world):
    agents = world.api.agents
    made = [await agents.create(f"Page {number}") for number in range(3)]
    first = await agents.list(limit=2)
    rest = await agents.list(limit=100, offset=2)
    world.proves("agents.list", [row.id for row in first.data] == [made[2].id, made[1].id], "newest first")
    world.proves("agents.list", first.has_more and not rest.has_more and first.total == rest.total)
    world.proves("agents.list", made[0].id in [row.id for row in rest.data] and rest.total == 2 + len(rest.data))
    for agent in made:
        await agents.delete(agent.id)


async def refused(world):
    agents = world.api.agents
    await world.refused(agents.create("No prompt", voice_mode="hosted"), 400)
    error = await world.refused(agents.create("Fast", voice_speed=2.5, language="xx-XX"), 422)
    places = sorted(fault["loc"][-1] for fault in error.message)
    assert places == ["language", "voiceSpeed"], error.message
    error = await world.refused(agents.list(limit=101), 422)
    assert error.message[0]["loc"] == ["query", "limit"], error.message
    await world.refused(agents.get("agt_unknown"), 404, NotFoundError)
    await world.refused(agents.update("agt_unknown", name="x"), 404, NotFoundError)


SCENARIOS = [voices, made_and_changed, defaults, paged, refused]
