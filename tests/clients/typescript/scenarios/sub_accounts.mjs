// Sub-accounts, and the requests of this client that act for one.
import assert from "node:assert/strict";

async function made_and_scoped(world) {
  const { subAccounts, agents, numbers, calls, contacts, conversations, webhooks } = world.api;
  const made = await subAccounts.createSubAccount({ name: "Client A" });
  world.proves("subAccounts.createSubAccount", made.name, "Client A");
  const sub_account_id = made.id;
  const listed = await subAccounts.listSubAccounts();
  world.holds("subAccounts.listSubAccounts", listed.data.some((row) => row.id === sub_account_id), listed);
  const renamed = await subAccounts.updateSubAccount({ sub_account_id, name: "Client B" });
  world.proves("subAccounts.updateSubAccount", [renamed.id, renamed.name], [sub_account_id, "Client B"]);

  const theirs = { "X-Sub-Account-Id": sub_account_id };
  const agent = await agents.createAgent({ ...theirs, name: "Theirs" });
  await world.refused(agents.getAgent({ agent_id: agent.id }), 404);
  assert.equal((await agents.getAgent({ ...theirs, agent_id: agent.id })).id, agent.id);
  assert.equal((await agents.updateAgent({ ...theirs, agent_id: agent.id, name: "Renamed" })).name, "Renamed");
  assert.deepEqual((await agents.listAgents(theirs)).data.map((row) => row.id), [agent.id]);
  const number = await numbers.createNumber({ ...theirs, agentId: agent.id });
  assert.deepEqual((await numbers.listNumbers(theirs)).data.map((row) => row.id), [number.id]);
  assert.equal((await calls.listCalls(theirs)).total, 0);
  assert.equal((await contacts.listContacts(theirs)).total, 0);
  assert.equal((await conversations.listConversations(theirs)).total, 0);
  assert.equal(await webhooks.getWebhook(theirs), null);
  await world.refused(subAccounts.deleteSubAccount({ sub_account_id }), 409);
  await numbers.deleteNumber({ ...theirs, number_id: number.id });
  await agents.deleteAgent({ ...theirs, agent_id: agent.id });
  const gone = await subAccounts.deleteSubAccount({ sub_account_id });
  world.proves("subAccounts.deleteSubAccount", gone.success, true);
  await world.refused(subAccounts.updateSubAccount({ sub_account_id, name: "Gone" }), 404);
  await world.refused(agents.listAgents(theirs), 404);
}

export const scenarios = [made_and_scoped];
