"""Agent sign-up: no client has a method for it, so it is asked by hand; what
comes out of it is a key that the client takes."""

import re

from agentphone import AgentPhone

SIGN_UP, VERIFY = "/v0/agent/sign-up", "/v0/agent/verify"


async def signed_up(world):
    def ask(path, body):
        return world.ask("POST", path, body, key=False)

    status, begun = ask(SIGN_UP, {"human_email": "ada@example.com", "agent_name": "Ada's desk"})
    assert status == 200 and begun["human_email"] == "ada@example.com", begun
    code = re.search(r"\b\d{6}\b", newest(world.mail)).group()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    status, answer = ask(VERIFY, {"verification_id": begun["verification_id"], "otp_code": wrong})
    assert status == 400, answer
    status, account = ask(VERIFY, {"verification_id": begun["verification_id"], "otp_code": code, "source": "test"})
    world.table.proves_plain(f"POST {SIGN_UP}", status == 200, account)
    with AgentPhone(api_key=account["api_key"], base_url=world.base_url) as theirs:
        agent = theirs.agents.get(account["agent_id"])
        world.table.proves_plain(f"POST {VERIFY}", agent.name == "Ada's desk" and agent.voice_mode == "hosted", agent)
        numbers = [(row.id, row.phone_number) for row in theirs.numbers.list().data]
        world.table.proves_plain(f"POST {VERIFY}", numbers == [(account["number_id"], account["phone_number"])], numbers)
        theirs.numbers.release(account["number_id"])
    status, answer = ask(SIGN_UP, {"human_email": "ada@example.com"})
    assert status == 409, answer
    status, answer = ask(SIGN_UP, {"human_email": "nobody"})
    assert status == 422, answer


def newest(directory):
    """The text of the mail that was written last."""
    return max(directory.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns).read_text()


SCENARIOS = [signed_up]
