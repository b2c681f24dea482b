//! Byte ranges of a recording (RFC 9110 §14): one range, or the whole.

/// What a `Range` header asks of a file of known length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// No range, or one to be ignored: the whole file, 200.
    Whole,
    /// 206 with these bytes, both ends included.
    Part {
        /// First byte.
        first: u64,
        /// Last byte.
        last: u64,
    },
    /// 416.
    Unsatisfiable,
}

impl ByteRange {
    /// Reads the header. Units other than bytes, several ranges and broken
    /// syntax are ignored, as RFC 9110 §14.2 allows.
    #[must_use]
    pub fn of(header: Option<&str>, length: u64) -> Self {
        let Some(spec) = header.and_then(|text| text.trim().strip_prefix("bytes=")) else {
            return Self::Whole;
        };
        let Some((from, to)) = spec.trim().split_once('-') else { return Self::Whole };
        let (from, to) = (from.trim(), to.trim());
        match (number(from), number(to)) {
            (Some(first), Some(last)) if first <= last => {
                Self::part(first, last.min(length.saturating_sub(1)), length)
            }
            (Some(first), None) if to.is_empty() => Self::part(first, length.saturating_sub(1), length),
            (None, Some(suffix)) if from.is_empty() => match suffix {
                0 => Self::Unsatisfiable,
                suffix => Self::part(length.saturating_sub(suffix), length.saturating_sub(1), length),
            },
            _ => Self::Whole,
        }
    }

    fn part(first: u64, last: u64, length: u64) -> Self {
        if first < length { Self::Part { first, last } } else { Self::Unsatisfiable }
    }
}

/// Digits only: `u64` parsing would also take `+1`.
fn number(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        for (header, expected) in [
            (None, ByteRange::Whole),
            (Some("bytes=0-9"), ByteRange::Part { first: 0, last: 9 }),
            (Some("bytes=90-"), ByteRange::Part { first: 90, last: 99 }),
            (Some("bytes=90-500"), ByteRange::Part { first: 90, last: 99 }),
            (Some("bytes=-10"), ByteRange::Part { first: 90, last: 99 }),
            (Some("bytes=-500"), ByteRange::Part { first: 0, last: 99 }),
            (Some("bytes=-0"), ByteRange::Unsatisfiable),
            (Some("bytes=100-"), ByteRange::Unsatisfiable),
            (Some("bytes=100-200"), ByteRange::Unsatisfiable),
            (Some("bytes=9-1"), ByteRange::Whole),
            (Some("bytes=0-1,5-6"), ByteRange::Whole),
            (Some("lines=0-1"), ByteRange::Whole),
            (Some("bytes=+1-2"), ByteRange::Whole),
            (Some("bytes=-"), ByteRange::Whole),
            (Some("bytes=99999999999999999999-"), ByteRange::Whole),
        ] {
            assert_eq!(ByteRange::of(header, 100), expected, "{header:?}");
        }
    }

    #[test]
    fn an_empty_file_satisfies_no_range() {
        assert_eq!(ByteRange::of(Some("bytes=0-0"), 0), ByteRange::Unsatisfiable);
        assert_eq!(ByteRange::of(None, 0), ByteRange::Whole);
    }
}
