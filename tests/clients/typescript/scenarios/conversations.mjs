// Threads: state that comes back with every event, and paging.
import assert from "node:assert/strict";

const ADA = "+14155550187";

async function kept(world) {
  const { api, sim } = world;
  const { conversations } = api;
  await world.desk("Thread desk", {}, async (agent, number) => {
    let sent;
    for (const body of ["one", "two", "three"]) {
      sent = await api.messages.sendMessage({ agent_id: agent.id, to_number: ADA, body });
    }
    const conversation_id = sent.conversation_id;
    const listed = await conversations.listConversations();
    world.proves("conversations.listConversations", listed.data[0].id, conversation_id, "the latest comes first");

    const metadata = { stage: "lead", order: { id: 7 } };
    const changed = await conversations.updateConversation({ conversation_id, metadata });
    world.proves("conversations.updateConversation", changed.metadata, metadata);
    const detail = await conversations.getConversation({ conversation_id });
    world.proves("conversations.getConversation", detail.messages.map((row) => row.body), ["one", "two", "three"]);
    world.proves("conversations.getConversation", [detail.metadata, detail.participant], [metadata, ADA]);
    const short = await conversations.getConversation({ conversation_id, message_limit: 1 });
    world.proves("conversations.getConversation", short.messages.map((row) => row.body), ["three"], "the newest ones");
    const page = await conversations.getConversationMessages({ conversation_id, limit: 2 });
    world.proves("conversations.getConversationMessages", [page.data.map((row) => row.body), page.hasMore], [["three", "two"], true]);
    const rest = await conversations.getConversationMessages({ conversation_id, before: page.data[1].id });
    world.proves("conversations.getConversationMessages", [rest.data.map((row) => row.body), rest.hasMore], [["one"], false]);

    await sim.text(ADA, number.phoneNumber, "four");
    const event = await world.event("four", (e) => e.agentId === agent.id && e.data.message === "four");
    assert.deepEqual(event.conversationState, metadata);
    const cleared = await conversations.updateConversation({ conversation_id, metadata: null });
    world.proves("conversations.updateConversation", cleared.metadata, null);
    await world.refused(conversations.sendTypingIndicator({ conversation_id }), 400);
    await world.refused(conversations.setChatBackground({ conversation_id, image_url: world.picture() }), 400);
  });
  await world.refused(conversations.getConversation({ conversation_id: "conv_unknown" }), 404);
  await world.refused(conversations.getConversationMessages({ conversation_id: "conv_unknown" }), 404);
}

export const scenarios = [kept];
