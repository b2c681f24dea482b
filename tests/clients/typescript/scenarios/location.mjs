// Locations that iMessage contacts share.
// Has iMessage on the simulated network.
const ADA = "+15005550112";

async function shared(world) {
  const { location, messages } = world.api;
  await world.refused(location.getLocation({ phone_number: "+14155550144" }), 404);
  await world.desk("Map desk", { type: "imessage" }, async (agent, number) => {
    await messages.sendMessage({ agent_id: agent.id, to_number: ADA, body: "Where are you?" });
    await world.sim.shareLocation(ADA, number.phoneNumber, 37.77, -122.42);
    const seen = await location.getLocation({ phone_number: ADA });
    world.proves("location.getLocation", [seen.latitude, seen.longitude, seen.status], [37.77, -122.42, "available"]);
    const refreshed = await location.refreshLocations();
    world.proves("location.refreshLocations", refreshed.success, true);
  });
}

export const scenarios = [shared];
