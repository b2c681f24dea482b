// Calls. A real one is begun early and looked at when the other scenarios are
// through, because it takes the time it takes.
import assert from "node:assert/strict";

// A person who answers, asks for the opening hours, says goodbye and hangs up.
const TALKER = "+15005550001";

async function begun(world) {
  const { agents, numbers, calls } = world.api;
  const agent = await agents.createAgent({
    name: "Shop",
    voiceMode: "hosted",
    systemPrompt: "We are open from nine to five. We sell bicycles.",
  });
  const number = await numbers.createNumber({ agentId: agent.id });
  const initialGreeting = "Hello, are you there?";
  const call = await calls.createOutboundCall({ agentId: agent.id, toNumber: TALKER, initialGreeting });
  world.proves("calls.createOutboundCall", [call.status, call.direction], ["in-progress", "outbound"]);
  world.proves("calls.createOutboundCall", [call.fromNumber, call.toNumber], [number.phoneNumber, TALKER]);
  world.kept.call = { agent, number, call };
}

async function ended_by_us(world) {
  const { calls } = world.api;
  const { agent } = world.kept.call;
  const web = await calls.createWebCall({ agentId: agent.id, metadata: { page: "pricing" }, variables: { name: null } });
  world.proves("calls.createWebCall", web.accessToken.split(".").length, 3, "a JWT");
  world.proves("calls.createWebCall", (await calls.getCall({ call_id: web.callId })).direction, "web");
  const call = await calls.createOutboundCall({ agentId: agent.id, toNumber: TALKER, systemPrompt: "Say hello." });
  const ended = await calls.endCall({ call_id: call.id });
  world.proves("calls.endCall", [ended.id, ended.status], [call.id, "ending"]);
  const ask = () => calls.getCall({ call_id: call.id });
  const done = await world.until("end", ask, (row) => row.status !== "in-progress");
  world.holds("calls.getCall", done.endedAt, done);
  await world.refused(calls.endCall({ call_id: call.id }), 409);
}

async function gone_through(world) {
  const { calls } = world.api;
  const { call } = world.kept.call;
  const call_id = call.id;
  const done = await world.until("hang-up", () => calls.getCall({ call_id }), (row) => row.status !== "in-progress", 60);
  const answered = done.transcripts.map((row) => row.response ?? "").join(" ");
  world.holds("calls.getCall", done.status === "completed" && answered.includes("nine to five"), done.transcripts);
  const flat = await calls.getCallTranscript({ call_id });
  const lines = flat.transcript.map((line) => [line.role, line.content]);
  const greeted = lines.some(([role, content]) => role === "agent" && content === "Hello, are you there?");
  world.holds("calls.getCallTranscript", greeted && flat.status === "completed", flat);

  // This client reads every answer as JSON: what is not JSON comes back as an
  // error object in place of the data. The routes work; `fetch` reads them.
  const recording = await world.until("recording", () => fetch(`${world.baseUrl}/v1/calls/${call_id}/recording`), (r) => r.ok);
  const sound = Buffer.from(await recording.arrayBuffer());
  assert.equal(sound.subarray(0, 4).toString() + sound.subarray(8, 12).toString(), "RIFFWAVE");
  assert.equal(recording.headers.get("content-type"), "audio/wav");
  const heard = await calls.getCallRecording({ call_id });
  world.proves("calls.getCallRecording", [heard.ok, heard.error.reason], [false, "non-json"]);
  world.table.note("calls.getCallRecording", "but this client cannot read audio; fetch can");

  const url = `${world.baseUrl}/v1/calls/${call_id}/transcript/stream`;
  const stream = await fetch(url, { headers: { authorization: `Bearer ${world.key}` } });
  assert.equal(stream.headers.get("content-type"), "text/event-stream");
  const frames = (await stream.text()).split("\n\n").filter((frame) => frame.startsWith("event:"));
  const events = frames.map((frame) => {
    const [name, data, ...more] = frame.split("\n");
    assert.deepEqual(more, [], "one line of data");
    return [name.slice(6).trim(), JSON.parse(data.slice(5))];
  });
  assert.deepEqual([events[0][0], events.at(-1)[0]], ["connected", "ended"]);
  const turns = events.filter(([name]) => name === "turn").map(([, data]) => [data.role, data.content]);
  assert.deepEqual(turns, lines);
  const streamed = await calls.streamCallTranscript({ call_id });
  world.proves("calls.streamCallTranscript", [streamed.ok, streamed.error.reason], [false, "non-json"]);
  world.table.note("calls.streamCallTranscript", "but this client cannot read a stream; fetch can");

  const event = await world.event("end", (e) => e.event === "agent.call_ended" && e.data.callId === call_id);
  assert.deepEqual(event.data.transcript.map((line) => [line.role, line.content]), lines);
}

async function listed(world) {
  const { calls, agents } = world.api;
  const { agent, number, call } = world.kept.call;
  const found = await calls.listCalls({ status: "completed", direction: "outbound", type: null, search: "5005550001" });
  world.holds("calls.listCalls", found.data.some((row) => row.id === call.id), found);
  const ofAgent = await agents.listAgentCalls({ agent_id: agent.id });
  world.proves("agents.listAgentCalls", [ofAgent.total, ofAgent.hasMore], [3, false]);
  const ofNumber = await calls.listCallsForNumber({ number_id: number.id, limit: 1 });
  world.proves("calls.listCallsForNumber", [ofNumber.total, ofNumber.data.length, ofNumber.hasMore], [2, 1, true]);
}

async function refused(world) {
  const { calls } = world.api;
  const { agent } = world.kept.call;
  await world.refused(calls.getCall({ call_id: "call_unknown" }), 404);
  await world.refused(calls.endCall({ call_id: "call_unknown" }), 404);
  await world.refused(calls.getCallRecording({ call_id: "call_unknown" }), 404);
  await world.refused(calls.streamCallTranscript({ call_id: "call_unknown" }), 404);
  await world.refused(calls.createOutboundCall({ agentId: agent.id, toNumber: "4155550187" }), 422);
  await world.refused(calls.createOutboundCall({ agentId: agent.id, toNumber: "+1911" }), 403);
  await world.refused(calls.createWebCall({ agentId: "agt_unknown" }), 404);
}

export const first = [begun];
export const scenarios = [ended_by_us];
export const last = [gone_through, listed, refused];
