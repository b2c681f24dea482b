//! People who signed up (contract §18).

use crate::{
    Timestamp,
    id::{AccountId, UserId},
};

/// The owner of an account that was made by signing up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their account.
    pub account_id: AccountId,
    /// Their address, lower case; no two share one.
    pub email: String,
    /// What they are called: the address's first part.
    pub name: String,
    /// What the client said it signed up from.
    pub source: Option<String>,
    /// When they signed up.
    pub created_at: Timestamp,
}
