"""Webhooks of account and agent, their logs and tests."""

from agentphone import NotFoundError

from world import when


async def of_the_account(world):
    webhooks, hook = world.api.webhooks, world.hook
    world.proves("webhooks.get", await webhooks.get() is None)
    await world.refused(webhooks.delete(), 404, NotFoundError)
    await world.refused(webhooks.set(hook.url(), context_limit=51), 422)
    first = await webhooks.set(hook.url(), context_limit=5, timeout=10)
    second = await webhooks.set(hook.url())
    hook.secrets["/account"] = second.secret
    world.proves("webhooks.set", first.secret.startswith("whsec_") and first.secret != second.secret, "a new secret")
    world.proves("webhooks.set", (first.context_limit, first.timeout) == (5, 10))
    world.proves("webhooks.set", (second.context_limit, second.timeout, second.status) == (10, 30, "active"))
    world.proves("webhooks.get", await webhooks.get() == second)


async def tested(world):
    webhooks = world.api.webhooks
    async with world.desk("Tested") as (agent, number):
        answer = await webhooks.test(from_="+14155550111", message="Is anyone there?", channel="imessage")
        world.proves("webhooks.test", answer["success"] is True and answer["httpStatus"] == 200, answer)
        event = await world.event("test", lambda e: e.test is True and e.data.message == "Is anyone there?")
        assert event.event == "agent.message" and event.channel == "imessage", event
        assert event.data.from_number == "+14155550111" and event.conversation_state == {"testMode": True}, event
        plain = await webhooks.test()
        world.proves("webhooks.test", plain["success"] is True and plain["errorMessage"] is None, plain)
        event = await world.event("plain test", lambda e: e.test is True and e.channel == "sms")
        assert event.data.direction == "inbound" and event.data.message and event.recent_history == [], event

        agents = world.api.agents
        await world.refused(agents.test_webhook(agent.id), 404, NotFoundError)
        world.proves("agents.get_webhook", await agents.get_webhook(agent.id) is None)
        own = await agents.set_webhook(agent.id, world.hook.url("/agent"), context_limit=3, timeout=20)
        world.hook.secrets["/agent"] = own.secret
        world.proves("agents.set_webhook", (own.context_limit, own.timeout) == (3, 20) and own.secret)
        world.proves("agents.get_webhook", await agents.get_webhook(agent.id) == own)
        answer = await agents.test_webhook(agent.id)
        world.proves("agents.test_webhook", answer["success"] is True, answer)
        event = await world.event("agent test", lambda e: e.test is True, path="/agent")
        assert event.agent_id == agent.id and event.data.number_id == number.id, event
        rows = await agents.list_webhook_deliveries(agent.id)
        world.proves("agents.list_webhook_deliveries", len(rows) == 1 and rows[0].status == "success", rows)
        world.proves("agents.list_webhook_deliveries", rows[0].http_status == 200 and rows[0].attempt_count == 1)
        world.proves("agents.delete_webhook", await agents.delete_webhook(agent.id) == {"success": True})
        await world.refused(agents.delete_webhook(agent.id), 404, NotFoundError)
    await world.refused(agents.get_webhook("agt_unknown"), 404, NotFoundError)


async def logged(world):
    webhooks = world.api.webhooks
    rows = await webhooks.list_deliveries(limit=2, hours=1)
    world.proves("webhooks.list_deliveries", len(rows) == 2 and when(rows[0].created_at) >= when(rows[1].created_at), rows)
    world.proves("webhooks.list_deliveries", rows[0].event_type == "agent.message" and rows[0].attempt_count == 1)
    older = await webhooks.list_deliveries(limit=1, offset=1)
    world.proves("webhooks.list_deliveries", older[0].id == rows[1].id, "the second page begins with the second row")
    stats = await webhooks.get_delivery_stats(hours=1)
    world.proves("webhooks.get_delivery_stats", stats.total >= 3 and stats.success == stats.total, stats)
    world.proves("webhooks.get_delivery_stats", stats.success_rate == 100.0 and stats.by_hour, stats)
    world.proves("webhooks.get_delivery_stats", stats.by_event_type["agent.message"]["total"] == stats.total, stats)
    total = await webhooks.get_all_time_stats()
    world.proves("webhooks.get_all_time_stats", total["total"] == stats.total and total["failed"] == 0, total)
    await world.refused(webhooks.list_deliveries(hours=169), 422)


async def removed(world):
    gone = await world.api.webhooks.delete()
    world.proves("webhooks.delete", gone == {"success": True})
    world.proves("webhooks.get", await world.api.webhooks.get() is None)
    await world.refused(world.api.webhooks.test(), 404, NotFoundError)


SCENARIOS = [of_the_account, tested, logged]
LAST = [removed]
