// Numbers: bought, attached, released.
async function bought_and_released(world) {
  const { numbers, agents } = world.api;
  const agent = await agents.createAgent({ name: "Number owner" });
  const number = await numbers.createNumber({ areaCode: "415" });
  world.holds("numbers.createNumber", number.phoneNumber.startsWith("+1415555"), number.phoneNumber);
  world.proves("numbers.createNumber", [number.country, number.status, number.type], ["US", "active", "sms"]);
  const attached = await agents.attachNumberToAgent({ agent_id: agent.id, numberId: number.id });
  world.proves("agents.attachNumberToAgent", [attached.agentId, attached.number.id], [agent.id, number.id]);
  const shown = await numbers.getNumber({ number_id: number.id });
  world.proves("numbers.getNumber", shown.agentId, agent.id);
  const listed = await numbers.listNumbers();
  world.holds("numbers.listNumbers", listed.data.some((row) => row.id === number.id) && !listed.hasMore);
  const detached = await agents.detachNumberFromAgent({ agent_id: agent.id, number_id: number.id });
  world.proves("agents.detachNumberFromAgent", detached, { success: true });
  world.proves("numbers.getNumber", (await numbers.getNumber({ number_id: number.id })).agentId, null);
  await world.refused(agents.detachNumberFromAgent({ agent_id: agent.id, number_id: number.id }), 404);
  const gone = await numbers.deleteNumber({ number_id: number.id });
  world.proves("numbers.deleteNumber", gone, { success: true, phoneNumber: number.phoneNumber, status: "released" });
  world.proves("numbers.getNumber", (await numbers.getNumber({ number_id: number.id })).status, "released");
  await world.refused(numbers.deleteNumber({ number_id: number.id }), 400);
  await agents.deleteAgent({ agent_id: agent.id });
}

async function refused(world) {
  const { numbers } = world.api;
  await world.refused(numbers.createNumber({ areaCode: "999" }), 409);
  await world.refused(numbers.createNumber({ agentId: "agt_unknown" }), 404);
  await world.refused(numbers.createNumber({ country: "DE" }), 422);
  await world.refused(numbers.getNumber({ number_id: "num_unknown" }), 404);
}

export const scenarios = [bought_and_released, refused];
