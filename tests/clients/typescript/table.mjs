// Which methods of the client were called, on which route, and what that proved.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";

export const ROUTES = JSON.parse(readFileSync(new URL("../routes.json", import.meta.url), "utf8"));

// The method whose request is under way.
export const current = new AsyncLocalStorage();

// The contract's template of a requested path; one with more words of its own wins.
function routeOf(method, path) {
  const fits = ROUTES.filter(
    (route) =>
      route.method === method && new RegExp(`^${route.path.replaceAll(/\{[^}]*\}/g, "[^/]+")}$`).test(path),
  ).sort((a, b) => a.path.split("{").length - b.path.split("{").length);
  return fits.length > 0 ? `${method} ${fits[0].path}` : `${method} ${path}`;
}

// Every method of every resource of an installed client.
export function methodsOf(client) {
  const found = [];
  for (const [resource, property] of Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(client)))) {
    if (!property.get) continue;
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(client[resource]))) {
      if (name !== "constructor" && !name.startsWith("_")) found.push(`${resource}.${name}`);
    }
  }
  return found.sort();
}

export function documentedRoutes() {
  return new Map(ROUTES.filter((route) => route.sdk.ts).map((route) => [route.sdk.ts, `${route.method} ${route.path}`]));
}

export class Table {
  constructor(methods) {
    this.rows = new Map(methods.map((name) => [name, { routes: new Set(), statuses: new Set(), proofs: 0, note: "" }]));
    this.failures = [];
  }

  // A response came, through the `fetch` the client was given.
  saw(method, path, status) {
    const row = this.rows.get(current.getStore());
    if (row) {
      row.routes.add(routeOf(method, path));
      row.statuses.add(status);
    }
  }

  // The method's answer meant what it should.
  proves(method, actual, expected, note = "") {
    assert.deepEqual(actual, expected, `${method}: ${note || "wrong meaning"}: ${JSON.stringify(actual)}`);
    this.rows.get(method).proofs += 1;
  }

  note(method, text) {
    this.rows.get(method).note = text;
  }

  result(method) {
    const row = this.rows.get(method);
    const documented = documentedRoutes().get(method);
    const routes = [...row.routes].join(", ");
    if (!routes) return "never called";
    if (routes !== documented) return `asked ${routes}, not ${documented}`;
    if (![...row.statuses].some((status) => status >= 200 && status < 300)) return "never answered with 2xx";
    if (row.proofs === 0) return "called, but nothing proved";
    const refusals = [...row.statuses].filter((status) => status >= 400).sort();
    return `ok${row.note && `, ${row.note}`}${refusals.length > 0 ? `, refuses ${refusals.join(" ")}` : ""}`;
  }

  lines() {
    return [...this.rows].map(([name, row]) => `${name} | ${[...row.routes].join(", ") || "-"} | ${this.result(name)}`);
  }
}
