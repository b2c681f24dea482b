// Usage: what the other scenarios did must be in it.
async function summary(world) {
  const usage = await world.api.usage.getUsage();
  const { stats, numbers, plan } = usage;
  world.proves("usage.getUsage", numbers.used, (await world.api.numbers.listNumbers()).total);
  world.holds("usage.getUsage", stats.totalMessages > 0 && stats.totalMessages === stats.messagesLast24h, stats);
  world.holds("usage.getUsage", stats.totalCalls > 0 && stats.successfulWebhookDeliveries > 0, stats);
  world.holds("usage.getUsage", plan.name && plan.limits.concurrentCalls > 0 && plan.limits.numbers === numbers.limit, plan);
}

async function series(world) {
  const { stats } = await world.api.usage.getUsage();
  const sum = (rows, name) => rows.reduce((total, row) => total + row[name], 0);
  const daily = await world.api.usage.getDailyUsage({ days: 7 });
  world.proves("usage.getDailyUsage", [daily.days, daily.data.length], [7, 7]);
  world.proves("usage.getDailyUsage", sum(daily.data, "messages"), stats.messagesLast7d);
  const monthly = await world.api.usage.getMonthlyUsage({ months: 2 });
  world.proves("usage.getMonthlyUsage", [monthly.months, monthly.data.length], [2, 2]);
  world.proves("usage.getMonthlyUsage", sum(monthly.data, "calls"), stats.callsLast30d);
  await world.refused(world.api.usage.getDailyUsage({ days: 0 }), 422);
}

async function divided(world) {
  await world.desk("Quiet desk", {}, async (agent, number) => {
    const { data } = await world.api.usage.getUsageByNumber();
    const mine = data.find((row) => row.numberId === number.id);
    world.proves("usage.getUsageByNumber", [mine.agentName, mine.messages], ["Quiet desk", 0]);
    const byAgent = await world.api.usage.getUsageByAgent({ period: "year", tz: "Europe/Berlin" });
    world.proves("usage.getUsageByAgent", byAgent.period, "year");
    world.holds("usage.getUsageByAgent", byAgent.data.some((row) => row.messages > 0), byAgent.data);
    await world.refused(world.api.usage.getUsageByAgent({ period: "week", tz: "Mars/Olympus" }), 422);
  });
}

export const scenarios = [summary, series, divided];
