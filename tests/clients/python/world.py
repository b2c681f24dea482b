"""What every scenario has: the client, the webhook, the simulated network, and
the means to say what a method proved."""

import asyncio
import contextlib
import datetime
import json
import pathlib
import time
import urllib.error
import urllib.request

from agentphone import AgentPhoneError, NotFoundError

from sim import Sim


def when(text):
    """A time of the API: fractions have as many digits as they need, so texts do not sort."""
    return datetime.datetime.fromisoformat(text)


class World:
    def __init__(self, api, table, hook, base_url, key, mail):
        self.api = api
        self.table = table
        self.hook = hook
        self.base_url = base_url
        self.key = key
        self.mail = pathlib.Path(mail)
        self.sim = Sim(self.ask)
        self.kept = {}

    def proves(self, method, truth, note=""):
        self.table.proves(method, truth, note)

    async def refused(self, awaitable, status, kind=AgentPhoneError):
        """The client must raise exactly this class with this status; returns the error."""
        try:
            answer = await awaitable
        except AgentPhoneError as error:
            assert type(error) is kind, f"raised {type(error).__name__}, not {kind.__name__}: {error}"
            assert error.status == status, f"refused with {error.status}, not {status}: {error}"
            assert error.message, "an error without words"
            return error
        raise AssertionError(f"accepted what must be refused with {status}: {answer}")

    async def until(self, what, ask, wanted, seconds=10):
        """Asks until the answer is `wanted`; returns it."""
        end = time.monotonic() + seconds
        while True:
            answer = await ask()
            if wanted(answer):
                return answer
            assert time.monotonic() < end, f"{what}: not after {seconds} s; last: {answer}"
            await asyncio.sleep(0.15)

    async def event(self, what, wanted, path="/account", seconds=15):
        """Waits for a webhook request, which must pass `construct_event`."""
        return await asyncio.to_thread(self.hook.wait, what, wanted, path, seconds)

    def ask(self, method, path, body=None, headers=None, key=True):
        """A request no client has a method for: status and JSON."""
        request = urllib.request.Request(self.base_url + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if key:
            request.add_header("Authorization", f"Bearer {self.key}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                text = response.read()
                return response.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def picture(self):
        """The address of a small picture."""
        return self.hook.url("/picture.png")

    def fetch(self, url):
        """What is behind a media URL."""
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.read()

    async def recording(self, call_id, seconds=10):
        """The recording of a call that has just ended; it may take a moment to be whole."""
        end = time.monotonic() + seconds
        while True:
            try:
                return await self.api.calls.get_recording(call_id)
            except NotFoundError:
                assert time.monotonic() < end, f"no recording after {seconds} s"
                await asyncio.sleep(0.2)

    @contextlib.asynccontextmanager
    async def desk(self, name, **number):
        """An agent with one number, gone afterwards."""
        agent = await self.api.agents.create(name)
        bought = await self.api.numbers.buy(agent_id=agent.id, **number)
        try:
            yield agent, bought
        finally:
            await self.api.numbers.release(bought.id)
            await self.api.agents.delete(agent.id)
