"""The synchronous and the asynchronous client behind one face, so that one
scenario runs on both.

The clients stay as they are: their methods are called with the arguments
given, and their transport is only watched.
"""

import asyncio
import inspect
from urllib.parse import unquote, urlsplit

from agentphone import AgentPhone, AsyncAgentPhone
from table import current


def open_client(kind, api_key, base_url):
    """The installed client, at its own defaults except for the base URL."""
    made = AgentPhone if kind == "sync" else AsyncAgentPhone
    return made(api_key=api_key, base_url=base_url)


class Face:
    """`await face.agents.create(…)`, whichever client is behind."""

    def __init__(self, client, table):
        self._client = client
        self._table = table
        watch(client, table)

    def __getattr__(self, resource):
        return Resource(getattr(self._client, resource), resource)

    async def close(self):
        done = self._client.close()
        if inspect.isawaitable(done):
            await done


class Resource:
    def __init__(self, resource, name):
        self._resource = resource
        self._name = name

    def __getattr__(self, method):
        function = getattr(self._resource, method)
        label = f"{self._name}.{method}"
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            return lambda *args, **kwargs: listen(label, function, args, kwargs)
        return lambda *args, **kwargs: call(label, function, args, kwargs)


async def call(label, function, args, kwargs):
    token = current.set(label)
    try:
        result = function(*args, **kwargs)
        return await result if inspect.isawaitable(result) else result
    finally:
        current.reset(token)


async def listen(label, function, args, kwargs):
    """All events of a stream, each with the time it came."""
    loop = asyncio.get_running_loop()
    token = current.set(label)
    try:
        stream = function(*args, **kwargs)
        if inspect.isasyncgen(stream):
            return [{**event, "came": loop.time()} async for event in stream]
        # A thread, so that the call being listened to can go on beside it.
        return await asyncio.to_thread(lambda: [{**event, "came": loop.time()} for event in stream])
    finally:
        current.reset(token)


def watch(client, table):
    """Notes every response of the client's HTTP session."""
    if isinstance(client, AgentPhone):

        def seen(response, **_):
            table.saw(response.request.method, unquote(urlsplit(response.request.url).path), response.status_code)

        client._session.hooks["response"].append(seen)
    else:

        async def seen_async(response):
            table.saw(response.request.method, unquote(response.request.url.path), response.status_code)

        client._client.event_hooks["response"].append(seen_async)
