//! The engine as the API sees it, and the simulated network as a route.

use std::net::SocketAddr;

use offhook_engine::{Engine, endpoint::Handset, host::DialTarget};
use offhook_model::{call::EndReason, id::CallId, plan::CallPlan};
use offhook_sim::{network::SimNetwork, test_numbers::TEST_NUMBERS};

use crate::{
    calls::routing::{SimRoutes, TestNumber},
    telephony::{BoxFuture, DialError, Telephony},
};

/// [`Telephony`] over the engine of this process.
pub struct Phone {
    engine: Engine,
}

impl Phone {
    /// Over this engine.
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

impl Telephony for Phone {
    fn dial(&self, plan: CallPlan, targets: Vec<DialTarget>) -> BoxFuture<'_, Result<(), DialError>> {
        let dialled =
            self.engine.dial(plan, targets).map_err(|refused| DialError::Refused(refused.to_string()));
        Box::pin(async move { dialled })
    }

    fn hang_up<'a>(&'a self, call: &'a CallId, reason: EndReason) -> BoxFuture<'a, bool> {
        Box::pin(async move { self.engine.hang_up(call, reason) })
    }

    fn handset_contacts(&self, number: &str) -> Vec<DialTarget> {
        self.engine.handset_contacts(number)
    }

    fn handsets(&self) -> Vec<Handset> {
        self.engine.handsets()
    }
}

/// Where the test numbers are, and where our own numbers are reached.
pub fn routes(sim: &SimNetwork, sip: SocketAddr) -> SimRoutes {
    let test_numbers = TEST_NUMBERS
        .iter()
        .filter_map(|entry| {
            let number = entry.number.parse().ok()?;
            let uri = format!("sip:{}@{}", entry.number, sim.address());
            Some((number, TestNumber { uri, outcome: entry.name.to_owned() }))
        })
        .collect();
    SimRoutes { sip, test_numbers }
}
