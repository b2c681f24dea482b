// Webhooks of account and agent, their logs and tests.
import assert from "node:assert/strict";

async function of_the_account(world) {
  const { webhooks } = world.api;
  world.proves("webhooks.getWebhook", await webhooks.getWebhook(), null);
  const first = await webhooks.createOrUpdateWebhook({ body: { url: world.hook.url(), contextLimit: 5, timeout: 10 } });
  const second = await webhooks.createOrUpdateWebhook({ body: { url: world.hook.url() } });
  world.hook.secrets["/account"] = second.secret;
  world.proves("webhooks.createOrUpdateWebhook", [first.contextLimit, first.timeout], [5, 10]);
  world.proves("webhooks.createOrUpdateWebhook", [second.contextLimit, second.timeout, second.status], [10, 30, "active"]);
  world.holds("webhooks.createOrUpdateWebhook", first.secret !== second.secret, "a new secret");
  world.proves("webhooks.getWebhook", await webhooks.getWebhook(), second);
  await world.refused(webhooks.createOrUpdateWebhook({ body: { url: world.hook.url(), timeout: 4 } }), 422);
}

async function tested(world) {
  const { webhooks, agentWebhooks } = world.api;
  await world.desk("Tested", {}, async (agent, number) => {
    const agent_id = agent.id;
    const answer = await webhooks.testWebhook({ agentId: agent_id });
    world.proves("webhooks.testWebhook", [answer.success, answer.httpStatus], [true, 200]);
    const event = await world.event("test", (e) => e.test === true);
    assert.deepEqual([event.agentId, event.conversationState], [agent_id, { testMode: true }]);

    await world.refused(agentWebhooks.testAgentWebhook({ agent_id }), 404);
    world.proves("agentWebhooks.getAgentWebhook", await agentWebhooks.getAgentWebhook({ agent_id }), null);
    const body = { url: world.hook.url("/agent"), contextLimit: 0 };
    const own = await agentWebhooks.createOrUpdateAgentWebhook({ agent_id, body });
    world.hook.secrets["/agent"] = own.secret;
    world.proves("agentWebhooks.createOrUpdateAgentWebhook", [own.contextLimit, own.timeout], [0, 30]);
    world.proves("agentWebhooks.getAgentWebhook", await agentWebhooks.getAgentWebhook({ agent_id }), own);
    const tried = await agentWebhooks.testAgentWebhook({ agent_id });
    world.proves("agentWebhooks.testAgentWebhook", tried.success, true);
    const theirs = await world.event("agent test", (e) => e.test === true, "/agent");
    assert.deepEqual([theirs.agentId, theirs.data.numberId], [agent_id, number.id]);
    const rows = await agentWebhooks.listAgentDeliveries({ agent_id, limit: 5 });
    world.proves("agentWebhooks.listAgentDeliveries", rows.map((row) => row.status), ["success"]);
    const gone = await agentWebhooks.deleteAgentWebhook({ agent_id });
    world.proves("agentWebhooks.deleteAgentWebhook", gone, { success: true });
    await world.refused(agentWebhooks.deleteAgentWebhook({ agent_id }), 404);
  });
}

async function logged(world) {
  const { webhooks } = world.api;
  const page = await webhooks.listDeliveries({ limit: 1, hours: 1 });
  world.proves("webhooks.listDeliveries", [page.items.length, page.limit, page.offset, page.total], [1, 1, 0, 2]);
  const stats = await webhooks.deliveryStats({ hours: 1 });
  world.proves("webhooks.deliveryStats", [stats.total, stats.success, stats.successRate], [2, 2, 100]);
  const total = await webhooks.allTimeStats();
  world.proves("webhooks.allTimeStats", [total.total, total.failed], [2, 0]);
}

async function removed(world) {
  const { webhooks } = world.api;
  world.proves("webhooks.deleteWebhook", await webhooks.deleteWebhook(), { success: true });
  world.proves("webhooks.getWebhook", await webhooks.getWebhook(), null);
  await world.refused(webhooks.testWebhook(), 404);
}

export const scenarios = [of_the_account, tested, logged];
export const last = [removed];
