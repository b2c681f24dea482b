"""Runs the official Python client's agent, number, call and webhook methods.

Usage: python_client.py BASE_URL API_KEY WEBHOOK_URL
The server must run with the simulated carrier and may call WEBHOOK_URL
(webhooks.allow_private). Prints one line per method and exits 1 at the first
that does not mean what it should.
"""

import sys
import time

from agentphone import AgentPhone, NotFoundError

base_url, api_key, hook_url = sys.argv[1:4]
client = AgentPhone(api_key=api_key, base_url=base_url, timeout=60)
done = []


def ok(method, truth, note=""):
    assert truth, f"{method}: {note or 'wrong meaning'}"
    done.append(method)
    print(f"ok {method}")


def refused(method, call, kind=Exception):
    try:
        call()
    except kind as error:
        print(f"ok {method} refuses: {error}")
        return
    raise AssertionError(f"{method}: accepted what it must refuse")


def agents():
    voices = client.agents.list_voices()
    ids = [voice["voice_id"] for voice in voices]
    ok("agents.list_voices", {"Polly.Amy", "Polly.Joanna"} <= set(ids))
    agent = client.agents.create(
        name="  Python Desk  ",
        description="made by the official client",
        voice_mode="hosted",
        system_prompt="We are open from nine to five. We sell bicycles.",
        begin_message="Hello, this is the bicycle shop.",
        voice="Polly.Amy",
        model_tier="turbo",
        voice_speed=1.1,
        interruption_sensitivity=0.5,
        max_silence_ms=20000,
        language="en-GB",
    )
    ok("agents.create", agent.name == "Python Desk" and agent.voice_mode == "hosted" and agent.numbers == [])
    again = client.agents.get(agent.id)
    ok("agents.get", again.begin_message == "Hello, this is the bicycle shop." and again.model_tier == "turbo")
    changed = client.agents.update(agent.id, name="Python Front Desk", voice="Polly.Joanna")
    ok("agents.update", changed.name == "Python Front Desk" and changed.system_prompt == agent.system_prompt)
    listed = client.agents.list(limit=100)
    ok("agents.list", any(row.id == agent.id for row in listed.data) and listed.total >= 1)
    refused("agents.get", lambda: client.agents.get("agt_unknown"), NotFoundError)
    return agent


def numbers(agent):
    offers = client.numbers.available(area_code="415", limit=5)
    ok("numbers.available", offers and all(offer.phone_number.startswith("+1415") for offer in offers))
    number = client.numbers.buy(area_code="415", external_id="desk-1")
    ok("numbers.buy", number.phone_number.startswith("+1415555") and number.status == "active")
    attached = client.agents.attach_number(agent.id, number.id)
    ok("agents.attach_number", attached["number"]["id"] == number.id)
    ok("numbers.get", client.numbers.get(number.id).agent_id == agent.id)
    renamed = client.numbers.update(number.id, external_id="desk-2")
    ok("numbers.update", renamed.external_id == "desk-2")
    ok("numbers.list", any(row.id == number.id for row in client.numbers.list().data))
    ok("agents.list_conversations", client.agents.list_conversations(agent.id).data == [])
    return number


def webhooks(agent):
    ok("webhooks.get", client.webhooks.get() is None)
    first = client.webhooks.set(hook_url, context_limit=5, timeout=10)
    second = client.webhooks.set(hook_url, context_limit=7)
    ok("webhooks.set", first.secret.startswith("whsec_") and first.secret != second.secret)
    ok("webhooks.get", client.webhooks.get().context_limit == 7)
    ok("agents.get_webhook", client.agents.get_webhook(agent.id) is None)
    own = client.agents.set_webhook(agent.id, hook_url, timeout=20)
    ok("agents.set_webhook", own.id != second.id and client.agents.get_webhook(agent.id).id == own.id)
    tested = client.webhooks.test()
    ok("webhooks.test", tested["success"] is True, str(tested))
    tested = client.agents.test_webhook(agent.id)
    ok("agents.test_webhook", tested["success"] is True, str(tested))
    rows = client.webhooks.list_deliveries(limit=10)
    ok("webhooks.list_deliveries", len(rows) >= 2 and rows[0].status == "success")
    ok("agents.list_webhook_deliveries", len(client.agents.list_webhook_deliveries(agent.id)) >= 1)
    ok("webhooks.get_delivery_stats", client.webhooks.get_delivery_stats().total >= 2)
    ok("webhooks.get_all_time_stats", client.webhooks.get_all_time_stats()["total"] >= 2)


def calls(agent, number):
    # +15005550001 is the test number of a person who talks.
    call = client.calls.make(agent.id, "+15005550001", initial_greeting="Hello, are you there?")
    ok("calls.make", call.status == "in-progress" and call.from_number == number.phone_number)
    for _ in range(100):
        call = client.calls.get(call.id)
        if any("are you there" in (row.response or "") for row in call.transcripts):
            break
        time.sleep(0.2)
    ok("calls.get", any(row.response for row in call.transcripts), "the greeting is not in the transcript after 20 s")
    ended = client.calls.end(call.id)
    ok("calls.end", ended["status"] == "ending")
    for _ in range(50):
        call = client.calls.get(call.id)
        if call.status != "in-progress":
            break
        time.sleep(0.2)
    ok("calls.get", call.status == "completed", call.status)
    refused("calls.end", lambda: client.calls.end(call.id))
    flat = client.calls.get_transcript(call.id)
    said = [line["content"] for line in flat["transcript"] if line["role"] == "agent"]
    ok("calls.get_transcript", any("are you there" in line for line in said), str(flat["transcript"]))
    events = [event["event"] for event in client.calls.stream_transcript(call.id)]
    ok("calls.stream_transcript", events[0] == "connected" and events[-1] == "ended" and "turn" in events)
    recording = client.calls.get_recording(call.id)
    ok("calls.get_recording", recording.content[:4] == b"RIFF" and recording.content_type.startswith("audio/"))
    ok("calls.list", client.calls.list(direction="outbound", search="5005550001").total >= 1)
    ok("agents.list_calls", client.agents.list_calls(agent.id).total >= 1)
    ok("numbers.list_calls", client.numbers.list_calls(number.id).total >= 1)
    topic = client.calls.make_conversation(agent.id, "+15005550001", topic="Ask when the delivery arrives.")
    ok("calls.make_conversation", topic.status == "in-progress")
    client.calls.end(topic.id)
    web = client.calls.create_web_call(agent.id, metadata={"page": "pricing"})
    ok("calls.create_web_call", web["accessToken"].count(".") == 2 and web["callId"].startswith("call_"))


def leave(agent, number):
    ok("agents.delete_webhook", client.agents.delete_webhook(agent.id)["success"])
    ok("webhooks.delete", client.webhooks.delete()["success"])
    ok("agents.detach_number", client.agents.detach_number(agent.id, number.id)["success"])
    ok("numbers.release", client.numbers.release(number.id)["status"] == "released")
    ok("agents.delete", client.agents.delete(agent.id)["id"] == agent.id)


agent = agents()
number = numbers(agent)
webhooks(agent)
calls(agent, number)
leave(agent, number)
print(f"{len(set(done))} methods of agentphone 0.20.3 behave")
