"""Which methods of the client were called, on which route, and what that proved."""

import contextvars
import inspect
import json
import pathlib
import re

CLIENTS = pathlib.Path(__file__).resolve().parent.parent
ROUTES = json.loads((CLIENTS / "routes.json").read_text())

# The method whose request is under way; tasks and threads carry their own.
current = contextvars.ContextVar("current", default=None)


def route_of(method, path):
    """The contract's template of a requested path; one with more words of its own wins."""
    fits = [
        route["path"]
        for route in ROUTES
        if route["method"] == method and re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", route["path"]), path)
    ]
    return f"{method} {min(fits, key=lambda path: path.count('{'))}" if fits else None


def methods_of(client):
    """Every public method of every resource of an installed client."""
    found = []
    for resource, value in vars(client).items():
        if resource.startswith("_") or not type(value).__name__.endswith("Resource"):
            continue
        for name, _ in inspect.getmembers(value, callable):
            if not name.startswith("_"):
                found.append(f"{resource}.{name}")
    return sorted(found)


class Table:
    """The results of one run."""

    def __init__(self, methods):
        self.rows = {method: {"routes": set(), "statuses": set(), "proofs": 0} for method in methods}
        self.plain = {}
        self.failures = []

    def saw(self, method, path, status):
        """A response came: from the client's own transport, so that what was asked is what is noted."""
        name = current.get()
        route = route_of(method, path) or f"{method} {path}"
        row = self.rows.get(name)
        if row is not None:
            row["routes"].add(route)
            row["statuses"].add(status)

    def proves(self, method, truth, note=""):
        """The method's answer meant what it should."""
        assert truth, f"{method}: {note or 'wrong meaning'}"
        self.rows[method]["proofs"] += 1

    def proves_plain(self, route, truth, note=""):
        """A route without a method in any client was asked by hand."""
        assert truth, f"{route}: {note or 'wrong meaning'}"
        self.plain[route] = "ok"

    def result(self, method):
        row = self.rows[method]
        documented = documented_routes("py").get(method)
        if not row["routes"]:
            return "never called"
        if documented and row["routes"] != {documented}:
            return f"asked {', '.join(sorted(row['routes']))}, not {documented}"
        if not any(200 <= status < 300 for status in row["statuses"]):
            return "never answered with 2xx"
        if not row["proofs"]:
            return "called, but nothing proved"
        refusals = sorted(status for status in row["statuses"] if status >= 400)
        return "ok" + (f", refuses {' '.join(map(str, refusals))}" if refusals else "")

    def lines(self):
        for method, row in self.rows.items():
            yield f"{method} | {', '.join(sorted(row['routes'])) or '-'} | {self.result(method)}"
        for route, result in sorted(self.plain.items()):
            yield f"- | {route} | {result}"

    def routes_proven(self):
        proven = {route for method, row in self.rows.items() if self.result(method).startswith("ok") for route in row["routes"]}
        return sorted(proven & set(documented_routes("py").values()))


def documented_routes(client):
    """Method → route, as the contract has them."""
    return {
        route["sdk"][client]: f"{route['method']} {route['path']}" for route in ROUTES if route["sdk"].get(client)
    } | ({"calls.make_conversation": "POST /v1/calls"} if client == "py" else {})
