//! Calendar periods in any time zone.

use jiff::{
    ToSpan,
    civil::Date,
    tz::{Offset, TimeZone},
};
use offhook_model::Timestamp;

/// A calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// From Monday.
    Week,
    /// From the first.
    Month,
    /// From 1 January.
    Year,
}

impl Period {
    /// Its words, in the contract's order.
    pub const WORDS: &'static [&'static str] = &["week", "month", "year"];

    /// Reads the contract's word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            "year" => Some(Self::Year),
            _ => None,
        }
    }

    /// The contract's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Where the period around `now` begins and ends.
    #[must_use]
    pub fn around(self, now: Timestamp, tz: &TimeZone) -> (Timestamp, Timestamp) {
        let today = now.to_zoned_datetime(tz.clone()).date();
        let first = match self {
            Self::Week => shifted(today, -i64::from(today.weekday().to_monday_zero_offset()), Step::Day),
            Self::Month => today.first_of_month(),
            Self::Year => today.first_of_year(),
        };
        let next = match self {
            Self::Week => shifted(first, 7, Step::Day),
            Self::Month => shifted(first, 1, Step::Month),
            Self::Year => shifted(first, 12, Step::Month),
        };
        (start_of(first, tz), start_of(next, tz))
    }
}

/// Length of the rows of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A calendar day.
    Day,
    /// A calendar month.
    Month,
}

/// The last `count` days or months, this one included, oldest first: their
/// first days, and the moments between which they lie (one more).
#[must_use]
pub fn last(step: Step, count: u32, now: Timestamp, tz: &TimeZone) -> (Vec<Date>, Vec<Timestamp>) {
    let today = now.to_zoned_datetime(tz.clone()).date();
    let this = match step {
        Step::Day => today,
        Step::Month => today.first_of_month(),
    };
    let dates: Vec<Date> = (0..i64::from(count)).rev().map(|back| shifted(this, -back, step)).collect();
    let mut moments: Vec<Timestamp> = dates.iter().map(|date| start_of(*date, tz)).collect();
    moments.push(start_of(shifted(this, 1, step), tz));
    (dates, moments)
}

fn shifted(date: Date, by: i64, step: Step) -> Date {
    let span = match step {
        Step::Day => by.days(),
        Step::Month => by.months(),
    };
    date.saturating_add(span)
}

/// The first moment of a day; where clocks jump over midnight, the first there is.
fn start_of(date: Date, tz: &TimeZone) -> Timestamp {
    let zoned = date.to_zoned_datetime(tz.clone()).and_then(|zoned| zoned.start_of_day());
    zoned.map_or_else(
        |_| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX),
        |zoned| zoned.timestamp(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn periods_are_calendar_ones_of_the_zone() {
        // A Wednesday noon in UTC.
        let now = at("2025-01-15T12:00:00Z");
        for (period, name, from, to) in [
            (Period::Week, "UTC", "2025-01-13T00:00:00Z", "2025-01-20T00:00:00Z"),
            (Period::Month, "UTC", "2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z"),
            (Period::Year, "UTC", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            (Period::Month, "Asia/Kathmandu", "2024-12-31T18:15:00Z", "2025-01-31T18:15:00Z"),
            (Period::Year, "America/New_York", "2025-01-01T05:00:00Z", "2026-01-01T05:00:00Z"),
        ] {
            assert_eq!(period.around(now, &zone(name)), (at(from), at(to)), "{period:?} in {name}");
        }
        // Already Thursday the 1st there, still Wednesday the 31st here.
        let eve = at("2025-07-31T20:00:00Z");
        assert_eq!(Period::Month.around(eve, &zone("Asia/Tokyo")).0, at("2025-07-31T15:00:00Z"));
    }

    #[test]
    fn days_have_as_many_hours_as_the_clocks_say() {
        let (dates, moments) = last(Step::Day, 3, at("2025-03-10T12:00:00Z"), &zone("America/New_York"));
        assert_eq!(
            dates.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["2025-03-08", "2025-03-09", "2025-03-10"]
        );
        let hours: Vec<_> = moments.windows(2).map(|pair| (pair[1] - pair[0]).as_secs() / 3600).collect();
        assert_eq!(hours, [24, 23, 24]);
    }

    #[test]
    fn every_zone_begins_its_days_at_a_quarter_of_an_hour() {
        let mut zones = 0;
        for name in jiff::tz::db().available() {
            let Ok(tz) = TimeZone::get(name.as_str()) else { continue };
            zones += 1;
            let (_, moments) = last(Step::Day, 365, at("2026-06-15T12:00:00Z"), &tz);
            for moment in moments {
                assert_eq!(moment.as_second() % 900, 0, "{}: {moment}", name.as_str());
            }
        }
        assert!(zones > 300, "{zones} zones");
    }

    #[test]
    fn months_of_a_year_are_thirteen_moments() {
        let (dates, moments) = last(Step::Month, 12, at("2025-01-31T23:30:00Z"), &TimeZone::UTC);
        assert_eq!((dates.len(), moments.len()), (12, 13));
        assert_eq!(dates[0].to_string(), "2024-02-01");
        assert_eq!(moments[12], at("2025-02-01T00:00:00Z"));
    }
}
