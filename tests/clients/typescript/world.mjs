// What every scenario has: the client, the webhook, the simulated network, and
// the means to say what a method proved.
import assert from "node:assert/strict";
import { Sim } from "./sim.mjs";
import { current } from "./table.mjs";

export class World {
  constructor(client, classes, table, hook, baseUrl, key) {
    this.classes = classes;
    this.table = table;
    this.hook = hook;
    this.baseUrl = baseUrl;
    this.key = key;
    this.kept = {};
    this.sim = new Sim((...request) => this.ask(...request));
    this.api = face(client);
  }

  // `proves("agents.getAgent", agent.name, "Desk")`
  proves(method, actual, expected, note) {
    this.table.proves(method, actual, expected, note);
  }

  holds(method, truth, note) {
    this.table.proves(method, Boolean(truth), true, note);
  }

  // The client must reject with its own class of error and this status; returns the error.
  async refused(promise, status) {
    const { AgentPhoneError, UnprocessableEntityError } = this.classes;
    const kind = status === 422 ? UnprocessableEntityError : AgentPhoneError;
    const error = await promise.then(
      (answer) => assert.fail(`accepted what must be refused with ${status}: ${JSON.stringify(answer)}`),
      (error) => error,
    );
    assert(error instanceof kind, `raised ${error.name}: ${error.message}`);
    assert.equal(error.statusCode, status, error.message);
    assert(error.body.detail, "an error without words");
    return error;
  }

  async until(what, ask, wanted, seconds = 10) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const answer = await ask();
      if (wanted(answer)) return answer;
      assert(Date.now() < end, `${what}: not after ${seconds} s; last: ${JSON.stringify(answer)}`);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }

  event(what, wanted, path, seconds) {
    return this.hook.wait(what, wanted, path, seconds);
  }

  // A request the client has no method for: status and JSON.
  async ask(method, path, body, headers = {}) {
    const response = await fetch(this.baseUrl + path, {
      method,
      headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, json: text ? JSON.parse(text) : undefined };
  }

  // Buys a line of a kind this client cannot ask for.
  async buy(request) {
    const { status, json } = await this.ask("POST", "/v1/numbers", request);
    assert.equal(status, 200, JSON.stringify(json));
    return json;
  }

  picture() {
    return this.hook.url("/picture.png");
  }

  // An agent with one number, gone afterwards.
  async desk(name, request, use) {
    const agent = await this.api.agents.createAgent({ name });
    const number = await this.buy({ ...request, agentId: agent.id });
    try {
      await use(agent, number);
    } finally {
      await this.api.numbers.deleteNumber({ number_id: number.id });
      await this.api.agents.deleteAgent({ agent_id: agent.id });
    }
  }
}

// The client as it is; only the name of the method under way is kept for the table.
function face(client) {
  const resource = (name) =>
    new Proxy(client[name], {
      get: (target, method) =>
        typeof target[method] === "function"
          ? (...args) => current.run(`${name}.${method}`, async () => await target[method](...args))
          : target[method],
    });
  return new Proxy(client, { get: (_, name) => resource(name) });
}
