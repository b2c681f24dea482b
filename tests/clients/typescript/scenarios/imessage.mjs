// What only iMessage lines can do: tapbacks, replies, typing, backgrounds, groups.
import assert from "node:assert/strict";

// Numbers that have iMessage on the simulated network.
const ADA = "+15005550110";
const BOB = "+15005550111";

async function one_to_one(world) {
  const { api, sim } = world;
  await world.desk("Blue desk", { type: "imessage" }, async (agent, number) => {
    const sent = await api.messages.sendMessage({ agent_id: agent.id, to_number: ADA, body: "See you!" });
    world.proves("messages.sendMessage", sent.channel, "imessage");
    const conversation_id = sent.conversation_id;
    await sim.text(ADA, number.phoneNumber, "At five?", { channel: "imessage" });
    const asked = (await world.event("question", (e) => e.agentId === agent.id && e.data.message === "At five?")).data;
    const tapback = await api.messages.sendReaction({ message_id: asked.messageId, reaction: "love" });
    world.proves(
      "messages.sendReaction",
      [tapback.reaction_type, tapback.message_id, tapback.channel],
      ["love", asked.messageId, "imessage"],
    );
    const reply = await api.messages.sendMessage({
      agent_id: agent.id,
      to_number: ADA,
      body: "Yes",
      reply_to_message_id: asked.messageId,
    });
    world.proves("messages.sendMessage", reply.reply_to_message_id, asked.messageId);
    const rows = (await api.conversations.getConversation({ conversation_id })).messages;
    const yes = rows.find((row) => row.body === "Yes");
    world.proves("conversations.getConversation", yes.replyTo.message, "At five?");
    const question = rows.find((row) => row.id === asked.messageId);
    const seen = question.reactions.map((row) => [row.reactionType, row.direction]);
    world.proves("messages.sendReaction", seen, [["love", "outbound"]]);
    await sim.react(ADA, sent.id, "like");
    const event = await world.event("tapback", (e) => e.event === "agent.reaction" && e.agentId === agent.id);
    assert.deepEqual([event.data.reactionType, event.data.messageId], ["like", sent.id]);

    const typing = await api.conversations.sendTypingIndicator({ conversation_id });
    world.proves("conversations.sendTypingIndicator", [typing.conversationId, typing.channel], [conversation_id, "imessage"]);
    const image_url = world.picture();
    const background = await api.conversations.setChatBackground({ conversation_id, image_url });
    world.proves("conversations.setChatBackground", [background.hasBackground, background.changed], [true, true]);
    const gone = await api.conversations.removeChatBackground({ conversation_id });
    world.proves("conversations.removeChatBackground", gone, undefined);
  });
}

async function groups(world) {
  const { api } = world;
  await world.desk("Group desk", { type: "imessage" }, async (agent) => {
    const sent = await api.messages.sendMessage({ agent_id: agent.id, recipients: [ADA, BOB], body: "Dinner?" });
    world.holds("messages.sendMessage", sent.to_number.startsWith("grp_"), sent.to_number);
    const named = await api.conversations.updateConversation({ conversation_id: sent.conversation_id, group_name: "Team" });
    world.proves("conversations.updateConversation", [named.isGroup, named.groupId, named.groupName], [true, sent.to_number, "Team"]);
  });
}

export const scenarios = [one_to_one, groups];
