//! The simulated phone network.

pub mod inventory;

pub use inventory::SimCarrier;
