//! `[retention]`: how long things are kept where accounts say nothing.

use offhook_model::retention::{DELIVERY_DAYS, Retention};
use offhook_server::settings::RetentionSettings;

use super::reader::Reader;

pub fn read(r: &mut Reader<'_>) -> RetentionSettings {
    let number = |r: &mut Reader<'_>, key: &str, least: i64| {
        u32::try_from(r.number(&format!("retention.{key}"), least..=36_500)).unwrap_or_default()
    };
    let at_least_days = number(r, "at_least_days", 1);
    let mut days = |key: &str, least: u32| {
        let days = number(r, key, 0);
        if days != 0 && days < least {
            r.fault(&format!("retention.{key}"), format!("{days} is fewer than {least} days"));
        }
        Some(days).filter(|&days| days != 0)
    };
    let defaults = Retention {
        recordings: days("recordings_days", at_least_days),
        transcripts: days("transcripts_days", at_least_days),
        messages: days("messages_days", at_least_days),
        deliveries: days("deliveries_days", at_least_days.max(DELIVERY_DAYS)),
    };
    RetentionSettings { defaults, at_least_days }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_for_ever_and_the_floor_counts_for_the_operator_too() {
        let read_of = |text: &str| {
            let table = format!("[retention]\nat_least_days = 3\n{text}").parse().unwrap();
            let mut reader = Reader::new(&table);
            let settings = read(&mut reader);
            (settings, reader.faults.len())
        };
        let (settings, faults) = read_of("recordings_days = 30\nmessages_days = 0");
        assert_eq!((settings.defaults.recordings, settings.defaults.messages, faults), (Some(30), None, 0));
        assert_eq!(read_of("recordings_days = 2\ndeliveries_days = 6").1, 2);
    }
}
