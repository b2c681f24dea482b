//! What the operator allows, read from the settings.

use std::time::Duration;

use http::Method;

use crate::{openapi, requests::routes::Routes};

/// Most requests a window may allow: its moments are kept in memory.
const MOST: u32 = 100_000;

/// At most so many requests in any period of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests.
    pub requests: u32,
    /// Length of the window.
    pub period: Duration,
}

/// The rates of all routes. An empty list of rates is no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    /// Of each route that is not listed, on its own.
    pub default: Vec<Rate>,
    /// Of requests from one address that show no valid key.
    pub unauthorized: Vec<Rate>,
    /// Of single routes: method and template.
    pub routes: Vec<(Method, String, Vec<Rate>)>,
}

/// A rate that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The route as it was written, or `default`, or `unauthorized`.
    pub key: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Rates {
    /// Reads rates such as `20/min`, `60/min, 1000/day` or `off`; routes are
    /// written `POST /v1/numbers`, and names of `{parameters}` do not matter.
    ///
    /// # Errors
    /// Every fault there is. A route the API does not have is one.
    pub fn parse<'a>(
        default: &str,
        unauthorized: &str,
        routes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<Fault>> {
        let known = Routes::of(&openapi::document());
        let mut faults = Vec::new();
        let mut read = |key: &str, text: &str| {
            rates(text).unwrap_or_else(|problem| {
                faults.push(Fault { key: key.to_owned(), problem });
                Vec::new()
            })
        };
        let mut parsed = Self {
            default: read("default", default),
            unauthorized: read("unauthorized", unauthorized),
            routes: Vec::new(),
        };
        let routes: Vec<_> = routes.into_iter().map(|(key, text)| (key, read(key, text))).collect();
        for (key, rates) in routes {
            let route = key.trim().split_once(' ').and_then(|(method, path)| {
                let template = anonymous(path.trim());
                known.iter().find(|route| {
                    route.method.as_str().eq_ignore_ascii_case(method)
                        && anonymous(&route.template) == template
                })
            });
            match route {
                Some(route) => parsed.routes.push((route.method.clone(), route.template.clone(), rates)),
                None => faults.push(Fault {
                    key: key.to_owned(),
                    problem: "the API has no such route; write it as `POST /v1/numbers`".to_owned(),
                }),
            }
        }
        if faults.is_empty() { Ok(parsed) } else { Err(faults) }
    }
}

/// `/v1/agents/{}` for `/v1/agents/{agent_id}`.
fn anonymous(template: &str) -> String {
    let segments = template.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    segments.collect::<Vec<_>>().join("/")
}

fn rates(text: &str) -> Result<Vec<Rate>, String> {
    if text.trim() == "off" {
        return Ok(Vec::new());
    }
    text.split(',').map(|part| rate(part.trim())).collect()
}

fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || format!("`{text}` is not a rate such as 20/min, 5/hour, 1000/day or off");
    let (requests, unit) = text.split_once('/').ok_or_else(wrong)?;
    let requests: u32 = requests.trim().parse().map_err(|_| wrong())?;
    let seconds = match unit.trim() {
        "s" | "second" => 1,
        "min" | "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return Err(wrong()),
    };
    if !(1..=MOST).contains(&requests) {
        return Err(format!("`{text}` is not within 1 to {MOST} requests; `off` switches a limit off"));
    }
    Ok(Rate { requests, period: Duration::from_secs(seconds) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_a_number_and_a_period() {
        let minute = Rate { requests: 60, period: Duration::from_secs(60) };
        let day = Rate { requests: 1_000, period: Duration::from_secs(86_400) };
        assert_eq!(rates("60/min, 1000/day"), Ok(vec![minute, day]));
        assert_eq!(rates("off"), Ok(Vec::new()));
        for wrong in ["", "60", "0/min", "x/min", "60/week", "-1/s", "100001/s", "60/min,"] {
            assert!(rates(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn routes_are_matched_by_their_shape() {
        let routes = [("post /v1/numbers", "1/s"), ("PATCH /v1/agents/{id}", "2/s")];
        let rates = Rates::parse("600/min", "off", routes).unwrap();
        assert_eq!(rates.routes[0].1, "/v1/numbers");
        assert_eq!(rates.routes[1].1, "/v1/agents/{agent_id}");
    }

    #[test]
    fn every_fault_is_named() {
        let routes = [("PUT /v1/numbers", "1/s"), ("/v1/agents", "1/s"), ("POST /v1/agents", "many")];
        let faults = Rates::parse("much", "1/s", routes).unwrap_err();
        let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, ["default", "POST /v1/agents", "PUT /v1/numbers", "/v1/agents"]);
    }
}
