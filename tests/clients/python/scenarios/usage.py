"""Usage: what the other scenarios did must be in it."""

from world import when


async def summary(world):
    usage = await world.api.usage.get()
    numbers = usage.numbers
    held = (await world.api.numbers.list()).total
    world.proves("usage.get", numbers.used == held and numbers.remaining == numbers.limit - held, numbers)
    stats = usage.stats
    world.proves("usage.get", stats.total_messages == stats.messages_last_24h > 0, stats)
    world.proves("usage.get", stats.sms_segments_last_30d > 0 and stats.total_calls == stats.calls_last_30d > 0, stats)
    world.proves("usage.get", stats.successful_webhook_deliveries > 0, stats)
    world.proves("usage.get", when(usage.period_start) < when(usage.report_generated_at) < when(usage.period_end))


async def series(world):
    stats = (await world.api.usage.get()).stats
    daily = await world.api.usage.get_daily(days=7)
    dates = [row.date for row in daily.data]
    world.proves("usage.get_daily", daily.days == 7 and len(dates) == 7 and dates == sorted(dates), dates)
    world.proves("usage.get_daily", sum(row.messages for row in daily.data) == stats.messages_last_7d, daily)
    world.proves("usage.get_daily", sum(row.calls for row in daily.data) == stats.calls_last_7d, daily)
    monthly = await world.api.usage.get_monthly(months=2)
    world.proves("usage.get_monthly", monthly.months == 2 and len(monthly.data) == 2)
    world.proves("usage.get_monthly", sum(row.calls for row in monthly.data) == stats.calls_last_30d, monthly)
    await world.refused(world.api.usage.get_daily(days=366), 422)
    await world.refused(world.api.usage.get_monthly(months=0), 422)


async def divided(world):
    async with world.desk("Quiet desk") as (agent, number):
        rows = await world.api.usage.get_by_number()
        mine = [row for row in rows if row["numberId"] == number.id]
        world.proves("usage.get_by_number", len(mine) == 1 and mine[0]["agentName"] == "Quiet desk", rows)
        world.proves("usage.get_by_number", mine[0]["messages"] == 0 and mine[0]["phoneNumber"] == number.phone_number)
        by_agent = await world.api.usage.get_by_agent(period="week")
        busy = [row for row in by_agent["data"] if row["messages"] > 0]
        world.proves("usage.get_by_agent", by_agent["period"] == "week" and busy, by_agent)
        world.proves("usage.get_by_agent", (await world.api.usage.get_by_agent())["period"] == "month")


SCENARIOS = [summary, series, divided]
