"""The other side: people with phones on the simulated network."""

import asyncio
import time


class Sim:
    def __init__(self, ask):
        self.ask = ask

    def post(self, path, body):
        status, answer = self.ask("POST", f"/offhook/v1/sim/{path}", body)
        assert status == 200, f"{path}: {status} {answer}"
        return answer
