//! SIP call machines and SDP offer/answer; pure.
