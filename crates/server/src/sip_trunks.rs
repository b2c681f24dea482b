//! SIP trunks of tenants: made, given new credentials (contract §14).

pub mod uri;

use md5::{Digest, Md5};
use offhook_model::{
    id::{AccountId, TrunkId},
    sip_trunk::{AllowedIp, SipTrunk, TransferCallerId, TrunkCredentials, TrunkTransfers},
};

use crate::{app::App, error::ApiError};

/// Trunks an account may have: its list has no pages.
pub const MOST: u32 = 100;

/// The realm in which their passwords hold: that of this server's registrar.
const REALM: &str = "offhook";

/// A trunk's password, shown once and then forgotten. Not printable by accident.
pub struct TrunkPassword(String);

impl TrunkPassword {
    /// The password itself, for the one answer that shows it.
    #[must_use]
    pub fn reveal(self) -> String {
        self.0
    }
}

/// Draws credentials: a new password, and what is kept of it.
#[must_use]
pub fn draw(username: String) -> (TrunkCredentials, TrunkPassword) {
    let password = hex::encode(rand::random::<[u8; 16]>());
    let ha1 = hex::encode(Md5::digest(format!("{username}:{REALM}:{password}")));
    let password_last4 = password[password.len() - 4..].to_owned();
    (TrunkCredentials { username, realm: REALM.to_owned(), ha1, password_last4 }, TrunkPassword(password))
}

/// Makes a trunk that leads nowhere yet.
///
/// # Errors
/// 409 when the account has as many as it may.
pub async fn create(
    app: &App,
    account: &AccountId,
    name: Option<String>,
    allowed_ips: Vec<AllowedIp>,
) -> Result<(SipTrunk, TrunkPassword), ApiError> {
    let now = app.now();
    let (credentials, password) = draw(format!("tr_{}", hex::encode(rand::random::<[u8; 8]>())));
    let trunk = SipTrunk {
        id: TrunkId::new(now, rand::random()),
        account_id: account.clone(),
        name: name.unwrap_or_else(|| format!("trunk-{}", hex::encode(rand::random::<[u8; 3]>()))),
        transfers: TrunkTransfers::default(),
        transfer_caller_id: TransferCallerId::default(),
        origination: Vec::new(),
        allowed_ips,
        credentials,
        created_at: now,
    };
    if !app.store().insert_sip_trunk(&trunk, MOST).await? {
        return Err(ApiError::conflict(format!("SIP trunk limit reached. Limit: {MOST}")));
    }
    tracing::info!(trunk.id = %trunk.id, "SIP trunk made");
    Ok((trunk, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_password_answers_a_digest() {
        let (kept, password) = draw("tr_user".to_owned());
        let password = password.reveal();
        assert_eq!(password.len(), 32);
        assert!(password.ends_with(&kept.password_last4));
        assert_eq!(kept.ha1, hex::encode(Md5::digest(format!("tr_user:offhook:{password}"))));
        assert!(!format!("{kept:?}").contains(&kept.ha1));
        assert_ne!(draw("tr_user".to_owned()).0.ha1, kept.ha1);
    }
}
