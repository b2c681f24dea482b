//! Commands and live events between nodes.
