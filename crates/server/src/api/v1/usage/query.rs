//! What the usage routes may be asked for.

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::input::{Fields, Rule, Spot, rules};

/// A name of the IANA time zone database.
pub(super) struct ZoneRule;

impl Rule for ZoneRule {
    type Value = TimeZone;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<TimeZone> {
        let name = rules::text().check(value, spot)?;
        let zone = TimeZone::get(name.trim()).ok();
        if zone.is_none() {
            spot.fault(
                "value_error",
                "Input should be a time zone of the IANA database, such as Europe/Berlin",
            );
        }
        zone
    }
}

/// `tz`; UTC when it is absent.
pub(super) fn zone(fields: &mut Fields<'_>) -> TimeZone {
    fields.optional("tz", ZoneRule).unwrap_or(TimeZone::UTC)
}
