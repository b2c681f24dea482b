"""The other side: people with phones on the simulated network."""

import asyncio
import time
from urllib.parse import quote


class Sim:
    """Drives `/offhook/v1/sim/…`, which no client has methods for."""

    def __init__(self, ask):
        self.ask = ask

    def post(self, path, **body):
        body = {name: value for name, value in body.items() if value is not None}
        status, answer = self.ask("POST", f"/offhook/v1/sim/{path}", body)
        assert status == 200, f"{path}: {status} {answer}"
        assert answer["outcome"] == "stored", answer
        return answer

    def text(self, sender, to, body, channel=None, media_urls=None, group=None):
        """Somebody writes to a number of ours; the ids of what it became."""
        return self.post(
            "messages", **{"from": sender, "to": to, "body": body}, channel=channel, mediaUrls=media_urls, group=group
        )["messageIds"]

    def react(self, sender, message, reaction):
        self.post("reactions", **{"from": sender}, messageId=message, reaction=reaction)

    def share_location(self, sender, to, latitude, longitude):
        self.post("locations", **{"from": sender, "to": to}, latitude=latitude, longitude=longitude)

    def share_contact(self, sender, to, first_name, last_name, phone):
        contact = {"firstName": first_name, "lastName": last_name, "phoneNumbers": [phone], "emails": []}
        self.post("contacts", **{"from": sender, "to": to}, contacts=[contact])

    def inbox(self, phone):
        status, answer = self.ask("GET", f"/offhook/v1/sim/handsets/{quote(phone)}/messages")
        assert status == 200, answer
        return answer["data"]

    async def arrives(self, phone, words, seconds=5):
        """The latest text on a phone with these words."""
        end = time.monotonic() + seconds
        while True:
            found = [text for text in self.inbox(phone) if words in text["body"]]
            if found:
                return found[-1]
            assert time.monotonic() < end, f"`{words}` did not reach {phone}; there: {self.inbox(phone)}"
            await asyncio.sleep(0.1)
