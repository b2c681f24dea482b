// The other side: people with phones on the simulated network.
import assert from "node:assert/strict";

export class Sim {
  constructor(ask) {
    this.ask = ask;
  }

  async post(path, body) {
    const { status, json } = await this.ask("POST", `/offhook/v1/sim/${path}`, body);
    assert.equal(status, 200, `${path}: ${JSON.stringify(json)}`);
    return json;
  }
}
