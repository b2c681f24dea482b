//! The simulated phone network.
