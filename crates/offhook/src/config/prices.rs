//! The section `[prices]`.

use offhook_model::usage::{PriceBook, parse_amount};

use super::reader::Reader;

/// Every price, in micros.
pub(super) fn read(r: &mut Reader<'_>) -> PriceBook {
    let mut price = |key: &str| {
        let path = format!("prices.{key}");
        let text = r.text(&path);
        parse_amount(&text).filter(|&micros| (0..=MOST).contains(&micros)).unwrap_or_else(|| {
            r.fault(
                &path,
                format!("`{text}` is not a price such as 0.13: up to six decimals, at most 1000000"),
            );
            0
        })
    };
    PriceBook {
        voice_webhook_minute: price("voice_webhook_minute"),
        voice_hosted_minute: price("voice_hosted_minute"),
        voice_minimum: price("voice_minimum"),
        denoising_minute: price("denoising_minute"),
        sms_segment: price("sms_segment"),
        mms: price("mms"),
        imessage: price("imessage"),
        whatsapp: price("whatsapp"),
        rcs: price("rcs"),
        number_month: price("number_month"),
        lookup: price("lookup"),
        verification: price("verification"),
        recording_month: price("recording_month"),
        registration: price("registration"),
        registration_high_volume: price("registration_high_volume"),
    }
}

/// A million of the currency: far from where sums overflow.
const MOST: i64 = 1_000_000_000_000;

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::*;
    use crate::config::DEFAULTS;

    #[test]
    fn the_manual_has_the_published_prices() {
        let table: Table = DEFAULTS.parse().unwrap();
        let mut reader = Reader::new(&table);
        assert_eq!(read(&mut reader), PriceBook::default());
        assert!(reader.faults.is_empty());
    }

    #[test]
    fn a_price_that_is_none_is_a_fault() {
        for text in ["", "free", "-1", "0.0000001", "1000001"] {
            let mut table: Table = DEFAULTS.parse().unwrap();
            table["prices"]["lookup"] = text.into();
            let mut reader = Reader::new(&table);
            read(&mut reader);
            assert_eq!(reader.faults.len(), 1, "{text}");
            assert_eq!(reader.faults[0].source, "prices.lookup");
        }
    }
}
