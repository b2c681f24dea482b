"""One-time codes, sent as a text."""

import re

from agentphone import NotFoundError


async def sent_and_checked(world):
    verification = world.api.verification
    phone = "+14155550171"
    sent = await verification.send_verification(phone)
    world.proves("verification.send_verification", sent["status"] == "pending" and sent["verification_id"], sent)
    text = await world.sim.arrives(phone, "")
    code = re.search(r"\b(\d{6})\b", text["body"]).group(1)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    check = verification.check_verification
    answer = await check(sent["verification_id"], wrong)
    world.proves("verification.check_verification", answer == {"result": "incorrect", "attempts_remaining": 2}, answer)
    answer = await check(sent["verification_id"], code)
    world.proves("verification.check_verification", answer["result"] == "ok", answer)
    answer = await check(sent["verification_id"], code)
    world.proves("verification.check_verification", answer["result"] == "already_verified", answer)
    second = (await verification.send_verification("+14155550172"))["verification_id"]
    code = re.search(r"\b(\d{6})\b", (await world.sim.arrives("+14155550172", ""))["body"]).group(1)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    left = [(await check(second, wrong))["attempts_remaining"] for _ in range(3)]
    world.proves("verification.check_verification", left == [2, 1, 0], left)
    answer = await check(second, code)
    world.proves("verification.check_verification", answer["result"] == "exhausted", answer)
    await world.refused(check("ver_unknown", "123456"), 404, NotFoundError)
    await world.refused(verification.send_verification("nobody"), 422)


SCENARIOS = [sent_and_checked]
