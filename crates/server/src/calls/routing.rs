//! Ways out of this process: test numbers, handsets, our own numbers, the trunk.

use std::{collections::BTreeMap, net::SocketAddr};

use offhook_engine::host::{Credentials, DialTarget};
use offhook_model::e164::E164;

use crate::calls::blocked::is_blocked;

/// A talking test number of the sim carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestNumber {
    /// Where its endpoint listens, e.g. `sip:+15005550100@127.0.0.1:40123`.
    pub uri: String,
    /// What happens when it is called: `busy`, `voicemail`…
    pub outcome: String,
}

/// The built-in carrier's part of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimRoutes {
    /// Our own SIP address: bought numbers are reached through it.
    pub sip: SocketAddr,
    /// Endpoints that play a part.
    pub test_numbers: BTreeMap<E164, TestNumber>,
}

/// A SIP trunk that takes every other number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// `sip:` URI without a user part, e.g. `sip:carrier.example:5061`.
    pub uri: String,
    /// Outbound proxy.
    pub proxy: Option<String>,
    /// `udp`, `tcp`, `tls`.
    pub transport: Option<String>,
    /// For 401 and 407.
    pub credentials: Option<Credentials>,
    /// User part of From instead of the agent's number.
    pub caller_id: Option<String>,
}

impl Trunk {
    /// The request URI of `number` at this trunk.
    fn uri_of(&self, number: &E164) -> String {
        let (scheme, host) = self.uri.split_once(':').unwrap_or(("sip", &self.uri));
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        format!("{scheme}:{number}@{host}")
    }
}

/// How calls leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    /// Set when the sim carrier is on.
    pub sim: Option<SimRoutes>,
    /// Tried in order for every other number.
    pub trunks: Vec<Trunk>,
}

/// What is known of a number when a way to it is sought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Contacts of the handset that registered under it, newest first.
    pub handsets: Vec<DialTarget>,
    /// Whether an account of ours holds it.
    pub is_ours: bool,
}

impl Routing {
    /// Ways to `to`, best first; none for emergency numbers and when nothing
    /// leads there.
    #[must_use]
    pub fn targets(&self, caller_id: &str, to: &E164, known: &Known) -> Vec<DialTarget> {
        if is_blocked(to.as_str()) {
            return Vec::new();
        }
        let inside = self.inside(caller_id, to, known);
        if !inside.is_empty() {
            return inside;
        }
        let trunk = |trunk: &Trunk| DialTarget {
            uri: trunk.uri_of(to),
            proxy: trunk.proxy.clone(),
            transport: trunk.transport.clone(),
            credentials: trunk.credentials.clone(),
            caller_id: trunk.caller_id.clone().unwrap_or_else(|| caller_id.to_owned()),
        };
        self.trunks.iter().map(trunk).collect()
    }

    /// Ways inside the simulated network only: test numbers, then handsets,
    /// then numbers of ours.
    #[must_use]
    pub fn inside(&self, caller_id: &str, to: &E164, known: &Known) -> Vec<DialTarget> {
        let Some(sim) = &self.sim else { return Vec::new() };
        let target = |uri: String| DialTarget {
            uri,
            proxy: None,
            transport: None,
            credentials: None,
            caller_id: caller_id.to_owned(),
        };
        if let Some(number) = sim.test_numbers.get(to) {
            return vec![target(number.uri.clone())];
        }
        if !known.handsets.is_empty() {
            let ring =
                |handset: &DialTarget| DialTarget { caller_id: caller_id.to_owned(), ..handset.clone() };
            return known.handsets.iter().map(ring).collect();
        }
        if known.is_ours {
            return vec![target(format!("sip:{to}@{}", sim.sip))];
        }
        Vec::new()
    }

    /// Whether the sim carrier is on.
    #[must_use]
    pub fn is_sim(&self) -> bool {
        self.sim.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> E164 {
        text.parse().unwrap()
    }

    fn routing() -> Routing {
        let test = TestNumber { uri: "sip:busy@127.0.0.1:9".to_owned(), outcome: "busy".to_owned() };
        Routing {
            sim: Some(SimRoutes {
                sip: "127.0.0.1:5060".parse().unwrap(),
                test_numbers: [(number("+15005550100"), test)].into(),
            }),
            trunks: vec![Trunk {
                uri: "sip:sip.example.test;transport=tcp".to_owned(),
                proxy: None,
                transport: Some("tcp".to_owned()),
                credentials: None,
                caller_id: None,
            }],
        }
    }

    fn uris(routing: &Routing, to: &str, known: &Known) -> Vec<String> {
        routing.targets("+14155550100", &number(to), known).into_iter().map(|target| target.uri).collect()
    }

    #[test]
    fn test_numbers_come_first_then_handsets_then_our_numbers_then_the_trunk() {
        let routing = routing();
        let trunk = "sip:+14155550123@sip.example.test;transport=tcp";
        let handset = DialTarget {
            uri: "sip:a@127.0.0.1:7".to_owned(),
            proxy: Some("127.0.0.1:9000".to_owned()),
            transport: None,
            credentials: None,
            caller_id: String::new(),
        };
        let all = Known { handsets: vec![handset], is_ours: true };
        let ours = Known { is_ours: true, ..Known::default() };
        assert_eq!(uris(&routing, "+15005550100", &all), ["sip:busy@127.0.0.1:9"]);
        assert_eq!(uris(&routing, "+14155550123", &all), ["sip:a@127.0.0.1:7"]);
        assert_eq!(uris(&routing, "+14155550123", &ours), ["sip:+14155550123@127.0.0.1:5060"]);
        assert_eq!(uris(&routing, "+14155550123", &Known::default()), [trunk]);
    }

    #[test]
    fn nothing_leads_to_an_emergency_number() {
        assert!(uris(&routing(), "+19115550100", &Known::default()).is_empty());
    }

    #[test]
    fn without_carrier_and_trunk_nothing_leads_anywhere() {
        assert!(uris(&Routing::default(), "+14155550123", &Known::default()).is_empty());
    }
}
