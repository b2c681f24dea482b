//! The simulated phone network.

pub mod actor;
pub mod inventory;
pub mod record;
pub mod script;
pub mod speech;
pub mod test_numbers;

pub use inventory::SimCarrier;
