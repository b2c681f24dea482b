//! The route tables of `docs/compatibility.md`, from what the official clients
//! proved: `cargo run -p xtask -- compatibility` writes them, and the rule of
//! `tidy` fails when they are out of date.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, process::ExitCode};

use anyhow::{Context, bail};
use serde::Deserialize;

const PAGE: &str = "docs/compatibility.md";
const BEGIN: &str = "<!-- routes: begin, written by `cargo run -p xtask -- compatibility` -->\n";
const END: &str = "<!-- routes: end -->\n";

/// Groups of the contract, in the order and with the titles of the page.
const GROUPS: [(&str, &str); 18] = [
    ("agents", "Agents"),
    ("agent-webhooks", "Agent webhooks"),
    ("numbers", "Numbers"),
    ("contact-cards", "Contact cards"),
    ("calls", "Calls"),
    ("messages", "Messages"),
    ("conversations", "Conversations"),
    ("contacts", "Contacts"),
    ("webhooks", "Webhooks"),
    ("usage", "Usage"),
    ("registration", "Registration (10DLC)"),
    ("sub-accounts", "Sub-accounts"),
    ("location", "Location"),
    ("sip-trunks", "SIP trunks"),
    ("verification", "Verification"),
    ("feedback", "Feedback"),
    ("whatsapp", "WhatsApp"),
    ("sign-up", "Sign-up"),
];

#[derive(Deserialize)]
struct Route {
    method: String,
    path: String,
    group: String,
    sdk: Sdk,
    mcp: serde_json::Value,
}

#[derive(Deserialize)]
struct Sdk {
    py: Option<String>,
    ts: Option<String>,
}

impl Route {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The tools of AgentPhone's MCP server that use it.
    fn tools(&self) -> Vec<&str> {
        match &self.mcp {
            serde_json::Value::String(tool) => vec![tool],
            serde_json::Value::Array(tools) => tools.iter().filter_map(|tool| tool.as_str()).collect(),
            _ => Vec::new(),
        }
    }
}

/// What the clients proved: method to result, and route to result where no client has a method.
#[derive(Default)]
struct Proved {
    python: BTreeMap<String, String>,
    asynchronous: BTreeMap<String, String>,
    typescript: BTreeMap<String, String>,
    plain: BTreeMap<String, String>,
}

impl Proved {
    fn read(root: &Path) -> anyhow::Result<Self> {
        let mut proved = Self::default();
        let table = |name| table(&root.join("tests/clients/tables").join(name));
        let (python, plain) = table("python.txt")?;
        proved.python = python;
        proved.plain = plain;
        proved.asynchronous = table("python-async.txt")?.0;
        proved.typescript = table("typescript.txt")?.0;
        Ok(proved)
    }

    /// `works`, or what is missing.
    fn state(&self, route: &Route) -> String {
        let mut missing = Vec::new();
        let mut look = |client: &str, result: Option<&String>| match result {
            Some(result) if result.starts_with("ok") => {
                if let Some(limit) = result.split(", ").find(|part| part.starts_with("but ")) {
                    missing.push(format!("{client}: {}", limit.trim_start_matches("but ")));
                }
            }
            Some(result) => missing.push(format!("{client}: {result}")),
            None => missing.push(format!("{client}: not proved")),
        };
        if let Some(method) = &route.sdk.py {
            look("Python", self.python.get(method));
            look("asynchronous Python", self.asynchronous.get(method));
        } else {
            look("HTTP", self.plain.get(&route.name()));
        }
        if let Some(method) = &route.sdk.ts {
            look("TypeScript", self.typescript.get(method));
        }
        if missing.is_empty() { "works".to_owned() } else { missing.join("; ") }
    }
}

/// Lines of `method | route | result` after the title; without a method, by route.
fn table(path: &Path) -> anyhow::Result<(BTreeMap<String, String>, BTreeMap<String, String>)> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let (mut methods, mut plain) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines().skip(1) {
        let [method, route, result] = line.split(" | ").collect::<Vec<_>>()[..] else {
            bail!("{}: not `method | route | result`: {line}", path.display());
        };
        if method == "-" {
            plain.insert(route.to_owned(), result.to_owned());
        } else {
            methods.insert(method.to_owned(), result.to_owned());
        }
    }
    Ok((methods, plain))
}

/// The page as it should be.
fn render(root: &Path) -> anyhow::Result<String> {
    let routes = fs::read_to_string(root.join("tests/clients/routes.json")).context("the list of routes")?;
    let routes: Vec<Route> = serde_json::from_str(&routes).context("the list of routes")?;
    let proved = Proved::read(root)?;
    let page = fs::read_to_string(root.join(PAGE)).context(PAGE)?;
    let (before, rest) =
        page.split_once(BEGIN).with_context(|| format!("{PAGE} has no line `{}`", BEGIN.trim()))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{PAGE} has no line `{}`", END.trim()))?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", section(&routes, &proved)?))
}

fn section(routes: &[Route], proved: &Proved) -> anyhow::Result<String> {
    let works = routes.iter().filter(|route| route_works(route, proved)).count();
    let python = routes.iter().filter(|route| route.sdk.py.is_some()).count();
    let typescript = routes.iter().filter(|route| route.sdk.ts.is_some()).count();
    let mut out = format!(
        "{works} of {} routes work: the Python clients call {python} of them, the TypeScript client {typescript}.\n",
        routes.len()
    );
    for (group, title) in GROUPS {
        write!(out, "\n### {title}\n| Route | Python | TypeScript | MCP | State |\n|---|---|---|---|---|\n")?;
        for route in routes.iter().filter(|route| route.group == group) {
            let code = |name: &String| format!("`{name}`");
            let tools = route.tools().iter().map(|tool| format!("`{tool}`")).collect::<Vec<_>>().join(", ");
            writeln!(
                out,
                "| `{}` | {} | {} | {tools} | {} |",
                route.name(),
                route.sdk.py.as_ref().map(code).unwrap_or_default(),
                route.sdk.ts.as_ref().map(code).unwrap_or_default(),
                proved.state(route),
            )?;
        }
    }
    let listed: usize =
        GROUPS.iter().map(|(group, _)| routes.iter().filter(|route| route.group == *group).count()).sum();
    if listed != routes.len() {
        bail!("a route has a group that the page does not know");
    }
    Ok(out)
}

/// A limit of a client is not one of the route.
fn route_works(route: &Route, proved: &Proved) -> bool {
    let ok = |result: Option<&String>| result.is_some_and(|result| result.starts_with("ok"));
    match &route.sdk.py {
        Some(method) => ok(proved.python.get(method)) && ok(proved.asynchronous.get(method)),
        None => ok(proved.plain.get(&route.name())),
    }
}

/// The rule: the page is what the tables say.
pub fn check(root: &Path) -> Vec<String> {
    match render(root) {
        Ok(page) if fs::read_to_string(root.join(PAGE)).is_ok_and(|now| now == page) => Vec::new(),
        Ok(_) => vec![format!("{PAGE}:1: is out of date: cargo run -p xtask -- compatibility")],
        Err(error) => vec![format!("{PAGE}:1: {error:#}")],
    }
}

/// Writes the page.
pub fn write(root: &Path) -> anyhow::Result<ExitCode> {
    fs::write(root.join(PAGE), render(root)?)?;
    Ok(ExitCode::SUCCESS)
}
