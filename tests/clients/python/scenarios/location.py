"""Locations that iMessage contacts share."""

from agentphone import NotFoundError

# Has iMessage on the simulated network.
ADA = "+15005550112"


async def shared(world):
    location = world.api.location
    await world.refused(location.get("+14155550144"), 404, NotFoundError)
    async with world.desk("Map desk", type="imessage") as (agent, number):
        await world.api.messages.send(agent_id=agent.id, to_number=ADA, body="Where are you?")
        world.sim.share_location(ADA, number.phone_number, 37.77, -122.42)
        seen = await location.get(ADA)
        world.proves("location.get", (seen.latitude, seen.longitude) == (37.77, -122.42), seen)
        world.proves("location.get", seen.status == "available" and seen.last_updated > 1_700_000_000, seen)
        refreshed = await location.refresh()
        world.proves("location.refresh", refreshed.success is True and refreshed.poll_after_seconds > 0, refreshed)


SCENARIOS = [shared]
