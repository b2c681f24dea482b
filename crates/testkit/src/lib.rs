//! Doubles, impairment relay, scripted callers and audio judges for tests.
