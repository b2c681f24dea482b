//! The simulated phone network: numbers to buy, people to call, callers.

pub mod actor;
pub mod caller;
pub mod inventory;
pub mod network;
pub mod perform;
pub mod record;
pub mod script;
pub mod speech;
pub mod test_numbers;
pub mod texts;
pub mod whatsapp;

pub use inventory::SimCarrier;
pub use network::{SimConfig, SimNetwork};
pub use texts::SimTexts;
