// A webhook: an HTTP server that checks every signature as the documentation
// says (the TypeScript client has no helper for it).
import assert from "node:assert/strict";
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

// One white pixel, as a PNG; every GET is answered with it.
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj1zQAAAABJRU5ErkJggg==",
  "base64",
);

export class Hook {
  secrets = {};
  events = [];
  faults = [];

  async start() {
    this.server = createServer((request, response) => {
      if (request.method === "GET") {
        response.writeHead(200, { "content-type": "image/png" }).end(PICTURE);
        return;
      }
      const parts = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        this.take(request.url, request.headers, Buffer.concat(parts));
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      });
    });
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return this;
  }

  url(path = "/account") {
    return `http://127.0.0.1:${this.server.address().port}${path}`;
  }

  take(path, headers, body) {
    try {
      const timestamp = headers["x-webhook-timestamp"];
      const mac = createHmac("sha256", this.secrets[path]).update(`${timestamp}.`).update(body).digest("hex");
      const signature = Buffer.from(headers["x-webhook-signature"]);
      assert(timingSafeEqual(Buffer.from(`sha256=${mac}`), signature), "wrong signature");
      assert(Math.abs(Date.now() / 1000 - Number(timestamp)) < 300, "stale timestamp");
      const event = JSON.parse(body.toString());
      assert.equal(headers["x-webhook-event"], event.event);
      this.events.push({ path, event });
    } catch (fault) {
      this.faults.push(`${path}: ${fault.message}: ${body.toString().slice(0, 300)}`);
    }
  }

  // The first event that `wanted` likes.
  async wait(what, wanted, path = "/account", seconds = 15) {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      assert.deepEqual(this.faults, []);
      const found = this.events.find((row) => row.path === path && wanted(row.event));
      if (found) return found.event;
      const came = this.events.map((row) => [row.path, row.event.event, row.event.channel]);
      assert(Date.now() < until, `no ${what} at ${path} in ${seconds} s; came: ${JSON.stringify(came.slice(-20))}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
