//! Where numbers, calls and messages come from: one trait for every carrier.

pub mod own;
pub mod texting;
pub mod whatsapp;

use std::future::Future;
use std::pin::Pin;

use offhook_model::e164::E164;

pub use texting::{CarrierEvent, Texting};

/// A boxed future, so that carriers can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a buyer looks for; every field narrows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberSearch {
    /// `US` or `CA`; none is either.
    pub country: Option<String>,
    /// Three digits.
    pub area_code: Option<String>,
    /// City, any case.
    pub city: Option<String>,
    /// State or province, two letters or the whole name, any case.
    pub state: Option<String>,
    /// Postal code; a carrier without the data ignores it.
    pub zip: Option<String>,
    /// At most this many.
    pub limit: usize,
}

/// A number that can be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableNumber {
    /// The number.
    pub number: E164,
    /// Country, two letters.
    pub country: String,
    /// City of the area code.
    pub city: String,
    /// State or province, two letters.
    pub state: String,
    /// Rate centre.
    pub rate_center: String,
}

/// A carrier refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarrierError {
    /// No number fits; others may.
    #[error("no numbers available in area code {area_code}")]
    NoInventory {
        /// What was asked for.
        area_code: String,
        /// Area codes near it that have numbers.
        alternatives: Vec<String>,
    },
    /// The carrier has no numbers at all.
    #[error("the carrier has no numbers to sell")]
    SoldOut,
    /// Another buyer was faster.
    #[error("the number was taken")]
    Taken,
    /// The carrier cannot do this.
    #[error("{carrier} does not offer {what}")]
    Unsupported {
        /// Which carrier.
        carrier: &'static str,
        /// What was asked for.
        what: &'static str,
    },
    /// The carrier answered with an error.
    #[error("{carrier} refused: {reason}")]
    Refused {
        /// Which carrier.
        carrier: &'static str,
        /// What it said.
        reason: String,
    },
}

/// A source of numbers, and perhaps a way for messages.
pub trait Carrier: Send + Sync {
    /// The carrier's name, for logs and `doctor`.
    fn name(&self) -> &'static str;

    /// Numbers that can be bought now, `taken` left out.
    fn search<'a>(
        &'a self,
        search: &'a NumberSearch,
        taken: &'a (dyn Fn(&E164) -> bool + Send + Sync),
    ) -> BoxFuture<'a, Result<Vec<AvailableNumber>, CarrierError>>;

    /// Buys this number; a carrier with no state of its own only checks that it exists.
    fn buy<'a>(&'a self, number: &'a E164) -> BoxFuture<'a, Result<(), CarrierError>>;

    /// Gives a number back.
    fn release<'a>(&'a self, number: &'a E164) -> BoxFuture<'a, Result<(), CarrierError>>;

    /// The carrier as one of messages; none when it carries only calls.
    fn texting(&self) -> Option<&dyn Texting> {
        None
    }

    /// The carrier's WhatsApp; none where it has none.
    fn whatsapp(&self) -> Option<&dyn whatsapp::Whatsapp> {
        None
    }
}
