//! REST, webhooks, workers and auth.
