//! Where people are who share it (contract §13).

use offhook_model::{Timestamp, id::AccountId};

use crate::{Store, StoreError, row::Row, statement::statements, value::args};

/// The latest place of somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    /// Who: a number or a mail address.
    pub person: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// When it was so.
    pub at: Timestamp,
}

statements! {
    BY_PERSON = "SELECT * FROM locations WHERE account_id = $1 AND person = $2";
    PUT = "INSERT INTO locations (account_id, person, latitude, longitude, at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (account_id, person) DO UPDATE SET latitude = excluded.latitude,
        longitude = excluded.longitude, at = excluded.at WHERE locations.at <= excluded.at";
    WROTE = "SELECT MAX(c.last_message_at) AS at FROM numbers n JOIN conversations c ON c.number_id = n.id
        WHERE n.account_id = $1 AND c.network = 'native' AND c.participant = $2 AND c.channel = 'imessage'";
}

impl Store {
    /// The latest place of somebody who shares it with a line of the account.
    pub async fn location(&self, account: &AccountId, person: &str) -> Result<Option<Location>, StoreError> {
        self.read().await?.optional(&BY_PERSON, args![account, person]).await?.map(from_row).transpose()
    }

    /// Keeps a place, unless a later one is known: news may overtake each other.
    pub async fn put_location(&self, account: &AccountId, place: &Location) -> Result<(), StoreError> {
        let args = args![account, &place.person, Some(place.latitude), Some(place.longitude), place.at];
        self.execute(&PUT, args).await.map(drop)
    }

    /// When the account and this person last exchanged an iMessage; none when
    /// they never did.
    pub async fn last_imessage_with(
        &self,
        account: &AccountId,
        person: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.read().await?.one(&WROTE, args![account, person]).await?.opt_time("at")
    }
}

fn from_row(row: Row) -> Result<Location, StoreError> {
    let degrees =
        |column| row.opt_real(column)?.ok_or_else(|| StoreError::corrupt("a place without degrees"));
    Ok(Location {
        person: row.text("person")?,
        latitude: degrees("latitude")?,
        longitude: degrees("longitude")?,
        at: row.time("at")?,
    })
}
