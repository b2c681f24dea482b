"""Feedback."""


async def submitted(world):
    answer = await world.api.feedback.submit(
        "bug", "The hold music is loud.", request_id="req_1", url="https://example.com/page", tags=["audio"]
    )
    world.proves("feedback.submit", answer["ok"] is True and answer["id"].startswith("fb_"), answer)
    await world.refused(world.api.feedback.submit("bug", ""), 422)


SCENARIOS = [submitted]
