"""Agent sign-up: no client has a method for it, so it is asked by hand."""

from agentphone import AgentPhone


async def signed_up(world):
    pass


SCENARIOS = [signed_up]
