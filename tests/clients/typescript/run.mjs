// Runs every scenario with the official TypeScript client and prints what each
// method proved.
//
//   node run.mjs CLIENT_DIRECTORY BASE_URL API_KEY TABLE
//
// The server must have the simulated carrier, no rate limits, and may call
// webhooks on loopback (webhooks.allow_private). Exits 1 when a scenario fails or
// a method of the installed client was not proved; TABLE is then still written.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Hook } from "./hook.mjs";
import { Table, documentedRoutes, methodsOf } from "./table.mjs";
import { World } from "./world.mjs";
import * as agents from "./scenarios/agents.mjs";
import * as calls from "./scenarios/calls.mjs";
import * as contacts from "./scenarios/contacts.mjs";
import * as contactCards from "./scenarios/contact_cards.mjs";
import * as conversations from "./scenarios/conversations.mjs";
import * as imessage from "./scenarios/imessage.mjs";
import * as location from "./scenarios/location.mjs";
import * as messages from "./scenarios/messages.mjs";
import * as numbers from "./scenarios/numbers.mjs";
import * as registration from "./scenarios/registration.mjs";
import * as subAccounts from "./scenarios/sub_accounts.mjs";
import * as usage from "./scenarios/usage.mjs";
import * as webhooks from "./scenarios/webhooks.mjs";

// In this order: the webhook is there before anything happens, the call goes on
// meanwhile, and usage counts what the others did.
const ORDER = [
  ["webhooks", webhooks.scenarios],
  ["calls", calls.first],
  ["agents", agents.scenarios],
  ["numbers", numbers.scenarios],
  ["contacts", contacts.scenarios],
  ["contact_cards", contactCards.scenarios],
  ["messages", messages.scenarios],
  ["conversations", conversations.scenarios],
  ["imessage", imessage.scenarios],
  ["location", location.scenarios],
  ["registration", registration.scenarios],
  ["sub_accounts", subAccounts.scenarios],
  ["calls", calls.scenarios],
  ["calls", calls.last],
  ["usage", usage.scenarios],
  ["webhooks", webhooks.last],
];

const [directory, baseUrl, key, path, ...only] = process.argv.slice(2);
const require = createRequire(`${directory}/`);
const { AgentPhoneClient, AgentPhoneError, AgentPhone } = require("agentphone");
const { version } = require("agentphone/package.json");

let table;
const client = new AgentPhoneClient({
  baseUrl,
  token: key,
  // The only option of the client that lets a test see what it asked.
  fetch: async (url, init) => {
    const response = await fetch(url, init);
    table.saw(init.method, decodeURIComponent(new URL(url).pathname), response.status);
    return response;
  },
});
table = new Table(methodsOf(client));
const classes = { AgentPhoneError, UnprocessableEntityError: AgentPhone.UnprocessableEntityError };
const world = new World(client, classes, table, await new Hook().start(), baseUrl, key);

for (const [resource, group] of ORDER) {
  for (const scenario of group) {
    const name = `${resource}.${scenario.name}`;
    if (only.length > 0 && !only.some((wanted) => name.startsWith(wanted))) continue;
    const began = performance.now();
    const took = () => `${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s`;
    try {
      await scenario(world);
      console.log(`ok   ${took()}  ${name}`);
    } catch (error) {
      table.failures.push(name);
      console.log(`FAIL ${took()}  ${name}: ${error.stack}`);
    }
  }
}

const lines = [`agentphone ${version}, TypeScript client`, ...table.lines()];
writeFileSync(path, `${lines.join("\n")}\n`);
const routes = documentedRoutes();
const proven = [...table.rows.keys()].filter((name) => table.result(name).startsWith("ok"));
console.log(`\n${lines.join("\n")}\n\n${proven.filter((name) => routes.has(name)).length}/${routes.size} methods proved`);
process.exit(table.failures.length > 0 || proven.length < table.rows.size || proven.length < routes.size ? 1 : 0);
