// Agents: made, read, changed, paged, refused, deleted.
import assert from "node:assert/strict";

const TOOL = {
  name: "order_status",
  description: "Looks up an order",
  url: "https://example.com/orders",
  method: "POST",
  parameters: { type: "object", properties: { id: { type: "string" } } },
  timeoutMs: 5000,
  speakDuringExecution: true,
  executionMessage: "One moment.",
};

const SETTINGS = {
  description: "made by the official client",
  voiceMode: "hosted",
  modelTier: "turbo",
  systemPrompt: "We are open from nine to five.",
  beginMessage: "Hello, this is the bicycle shop.",
  voice: "Polly.Amy",
  callScreeningIdentity: "Acme",
  callScreeningPurpose: "Your order",
  maxSilenceMs: 20000,
  voiceSpeed: 1.5,
  language: "en-GB",
};

async function voices(world) {
  const { data } = await world.api.agents.listVoices();
  const ids = data.map((voice) => voice.voice_id);
  world.holds("agents.listVoices", ids.includes("Polly.Amy") && ids.includes("Polly.Joanna"), ids);
}

async function made_and_changed(world) {
  const { agents } = world.api;
  const agent = await agents.createAgent({ name: "  TypeScript Desk  ", ...SETTINGS, customTools: [TOOL] });
  const kept = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, agent[name]]));
  world.proves("agents.createAgent", [agent.name, kept, agent.numbers], ["TypeScript Desk", SETTINGS, []]);
  const tool = Object.fromEntries(Object.keys(TOOL).map((name) => [name, agent.customTools[0][name]]));
  world.proves("agents.createAgent", tool, TOOL);
  world.proves("agents.getAgent", await agents.getAgent({ agent_id: agent.id }), agent);
  const changed = await agents.updateAgent({ agent_id: agent.id, name: "Front Desk", description: null, customTools: [] });
  world.proves("agents.updateAgent", [changed.name, changed.description, changed.customTools], ["Front Desk", null, []]);
  world.proves("agents.updateAgent", changed.systemPrompt, agent.systemPrompt, "what is not sent stays");
  world.proves("agents.getAgent", await agents.getAgent({ agent_id: agent.id }), changed);
  const gone = await agents.deleteAgent({ agent_id: agent.id });
  world.proves("agents.deleteAgent", gone, { success: true, id: agent.id, name: "Front Desk" });
  await world.refused(agents.getAgent({ agent_id: agent.id }), 404);
}

async function paged(world) {
  const { agents } = world.api;
  const made = [];
  for (let page = 0; page < 22; page += 1) made.push((await agents.createAgent({ name: `Page ${page}` })).id);
  const first = await agents.listAgents();
  const rest = await agents.listAgents({ offset: 20 });
  world.proves("agents.listAgents", first.data.map((row) => row.id), made.slice(2).reverse(), "20 at most, newest first");
  world.holds("agents.listAgents", rest.data.some((row) => row.id === made[0]) && rest.total === 20 + rest.data.length);
  for (const agent_id of made) await agents.deleteAgent({ agent_id });
}

async function refused(world) {
  const { agents } = world.api;
  await world.refused(agents.createAgent({ name: "No prompt", voiceMode: "hosted" }), 400);
  const error = await world.refused(agents.createAgent({ name: "Fast", voiceSpeed: 2.5, language: "xx-XX" }), 422);
  const places = error.body.detail.map((fault) => fault.loc.at(-1)).sort();
  assert.deepEqual(places, ["language", "voiceSpeed"], "each fault of the body is named");
  assert(error.body.detail.every((fault) => fault.msg && fault.type), JSON.stringify(error.body));
  await world.refused(agents.updateAgent({ agent_id: "agt_unknown", name: "x" }), 404);
  await world.refused(agents.deleteAgent({ agent_id: "agt_unknown" }), 404);
}

export const scenarios = [voices, made_and_changed, paged, refused];
