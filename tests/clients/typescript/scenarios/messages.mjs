// Texts by SMS: out to a handset, back as a reply, through the thread and the webhook.
import assert from "node:assert/strict";

const ADA = "+14155550187";

async function there_and_back(world) {
  const { api, sim } = world;
  await world.desk("Text desk", {}, async (agent, number) => {
    const sent = await api.messages.sendMessage({ agent_id: agent.id, to_number: "(415) 555-0187", body: "Your bike is ready." });
    world.proves(
      "messages.sendMessage",
      [sent.status, sent.channel, sent.from_number, sent.to_number, sent.media_urls],
      ["sent", "sms", number.phoneNumber, ADA, []],
    );
    const text = await sim.arrives(ADA, "Your bike is ready.");
    world.proves("messages.sendMessage", text.from, number.phoneNumber, "the handset got it");
    await sim.text(ADA, number.phoneNumber, "Thanks, I come at 5");
    const event = await world.event("reply", (e) => e.agentId === agent.id && e.data.message === "Thanks, I come at 5");
    assert.deepEqual([event.event, event.channel, event.data.from], ["agent.message", "sms", ADA]);
    assert.deepEqual(event.recentHistory.map((row) => row.content), ["Your bike is ready."]);

    const page = await api.numbers.getMessages({ number_id: number.id });
    world.proves(
      "numbers.getMessages",
      page.data.map((row) => [row.body, row.from_, row.to, row.direction]),
      [
        ["Thanks, I come at 5", ADA, number.phoneNumber, "inbound"],
        ["Your bike is ready.", number.phoneNumber, ADA, "outbound"],
      ],
      "newest first",
    );
    const before = await api.numbers.getMessages({ number_id: number.id, limit: 1, before: page.data[0].receivedAt });
    world.proves("numbers.getMessages", [before.data.map((row) => row.id), before.hasMore], [[sent.id], false]);
    const threads = await api.agents.listAgentConversations({ agent_id: agent.id, limit: 5 });
    world.proves(
      "agents.listAgentConversations",
      threads.data.map((row) => [row.id, row.participant, row.messageCount, row.lastMessagePreview]),
      [[sent.conversation_id, ADA, 2, "Thanks, I come at 5"]],
    );
  });
}

async function refused(world) {
  const { messages } = world.api;
  await world.desk("Refusing desk", {}, async (agent, number) => {
    const agent_id = agent.id;
    await world.refused(messages.sendMessage({ to_number: ADA, body: "x" }), 422);
    await world.refused(messages.sendMessage({ agent_id, recipients: [ADA, "+14155550188"], body: "x" }), 400);
    await world.refused(messages.sendMessage({ agent_id: "agt_unknown", to_number: ADA, body: "x" }), 404);
    await world.refused(messages.sendMessage({ agent_id, to_number: "911", body: "x" }), 403);
    const sent = await messages.sendMessage({ number_id: number.id, to_number: ADA, body: "Plain", send_style: "love" });
    await world.refused(messages.sendReaction({ message_id: sent.id, reaction: "love" }), 400);
    await world.refused(messages.sendReaction({ message_id: "msg_unknown", reaction: "love" }), 404);
  });
}

export const scenarios = [there_and_back, refused];
