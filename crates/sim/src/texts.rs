//! Texts of the simulated network: whom they reach, and what becomes of them.
//!
//! Every number and mail address is somebody's phone here. A text to one lands
//! in its inbox ([`handset`]) and is reported as delivered, unless the number
//! is a test number or was told otherwise ([`outcome`]). Each account has
//! simulated people of its own: it neither reads the inboxes nor changes the
//! outcomes of another's.
//!
//! Nothing is kept beyond the process, and nothing grows without bound.

pub mod carrier;
pub mod handset;
mod journal;
pub mod outcome;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use offhook_carriers::CarrierEvent;
use offhook_model::{e164::E164, id::AccountId};
use tokio::sync::mpsc;

use handset::{Handset, Landed, Setting};

/// Phones remembered; the one unused for longest goes first.
const HANDSETS: usize = 10_000;
/// Groups remembered.
const GROUPS: usize = 10_000;
/// News that wait to be taken.
const NEWS: usize = 65_536;

/// Whose simulated person: an account's, or the platform's own texts'.
type Key = (Option<AccountId>, String);

/// The simulated network for texts.
#[derive(Debug)]
pub struct SimTexts {
    people: Mutex<People>,
    news: mpsc::Sender<CarrierEvent>,
    listening: tokio::sync::Mutex<mpsc::Receiver<CarrierEvent>>,
}

#[derive(Debug, Default)]
struct People {
    handsets: HashMap<Key, Handset>,
    /// Members by the group's name.
    groups: HashMap<String, Vec<String>>,
    groups_order: VecDeque<String>,
    names: u64,
    uses: u64,
}

impl Default for SimTexts {
    fn default() -> Self {
        let (news, listening) = mpsc::channel(NEWS);
        Self { people: Mutex::default(), news, listening: tokio::sync::Mutex::new(listening) }
    }
}

impl SimTexts {
    /// What a phone received from this account (or, with none, from the
    /// platform itself), oldest first.
    #[must_use]
    pub fn inbox(&self, account: Option<&AccountId>, address: &str) -> Vec<Landed> {
        let key = (account.cloned(), address.to_owned());
        self.people()
            .handsets
            .get(&key)
            .map(|handset| handset.inbox.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// How a phone was told to behave; the rule of its number where it was not.
    #[must_use]
    pub fn setting(&self, account: Option<&AccountId>, address: &str) -> Setting {
        let key = (account.cloned(), address.to_owned());
        self.people().handsets.get(&key).map(|handset| handset.setting.clone()).unwrap_or_default()
    }

    /// Tells a phone, or a line of ours, how to behave from now on.
    pub fn set(&self, account: Option<&AccountId>, address: &str, setting: Setting) {
        self.people().handset(account, address).setting = setting;
    }

    /// Has the network tell something; dropped, with a warning, when nobody
    /// takes the news for very long.
    pub fn tell(&self, event: CarrierEvent) {
        if self.news.try_send(event).is_err() {
            tracing::warn!("the simulated network's news are not taken; one is lost");
        }
    }

    /// Makes a group known under this name, with these members.
    pub fn know_group(&self, name: &str, members: Vec<String>) {
        self.people().know_group(name, members);
    }

    /// A name nothing on this network had before.
    #[must_use]
    pub fn new_name(&self, kind: &str) -> String {
        self.people().new_name(kind)
    }

    fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl People {
    /// A phone, made when it is first met.
    fn handset(&mut self, account: Option<&AccountId>, address: &str) -> &mut Handset {
        if self.handsets.len() >= HANDSETS {
            self.forget();
        }
        self.uses += 1;
        let handset = self.handsets.entry((account.cloned(), address.to_owned())).or_default();
        handset.used = self.uses;
        handset
    }

    /// Forgets the tenth of the phones that was not used for longest.
    fn forget(&mut self) {
        let mut uses: Vec<u64> = self.handsets.values().map(|handset| handset.used).collect();
        uses.sort_unstable();
        let keep_from = uses.get(HANDSETS / 10).copied().unwrap_or(0);
        self.handsets.retain(|_, handset| handset.used >= keep_from);
    }

    fn know_group(&mut self, name: &str, members: Vec<String>) {
        if self.groups.insert(name.to_owned(), members).is_none() {
            self.groups_order.push_back(name.to_owned());
        }
        if self.groups_order.len() > GROUPS
            && let Some(oldest) = self.groups_order.pop_front()
        {
            self.groups.remove(&oldest);
        }
    }

    fn new_name(&mut self, kind: &str) -> String {
        self.names += 1;
        // The process's start keeps names of two runs apart: their messages
        // share a database.
        format!("sim-{kind}-{:x}-{}", started(), self.names)
    }
}

/// When this process first named something, Unix ns.
fn started() -> u128 {
    static STARTED: std::sync::OnceLock<u128> = std::sync::OnceLock::new();
    *STARTED.get_or_init(|| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos())
    })
}

/// Whether a number is one this network could hold: a text to it may be for
/// one of our own lines.
fn is_line(number: &E164) -> bool {
    crate::SimCarrier::sells(number)
}
