// The other side: people with phones on the simulated network.
import assert from "node:assert/strict";

// Drives `/offhook/v1/sim/…`, which no client has methods for.
export class Sim {
  constructor(ask) {
    this.ask = ask;
  }

  async post(path, body) {
    const { status, json } = await this.ask("POST", `/offhook/v1/sim/${path}`, body);
    assert.equal(status, 200, `${path}: ${JSON.stringify(json)}`);
    assert.equal(json.outcome, "stored", JSON.stringify(json));
    return json;
  }

  // Somebody writes to a number of ours.
  text(from, to, body, more = {}) {
    return this.post("messages", { from, to, body, ...more });
  }

  react(from, messageId, reaction) {
    return this.post("reactions", { from, messageId, reaction });
  }

  shareLocation(from, to, latitude, longitude) {
    return this.post("locations", { from, to, latitude, longitude });
  }

  // The latest text on a phone with these words.
  async arrives(phone, words, seconds = 5) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const { json } = await this.ask("GET", `/offhook/v1/sim/handsets/${encodeURIComponent(phone)}/messages`);
      const found = json.data.filter((text) => text.body.includes(words)).at(-1);
      if (found) return found;
      assert(Date.now() < end, `“${words}” did not reach ${phone}; there: ${JSON.stringify(json.data)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
