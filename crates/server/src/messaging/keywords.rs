//! Opt-out words (contract `messaging-behaviour.md` §10): the whole message,
//! trimmed, in any case.

/// What a message's words ask of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyword {
    /// No more texts.
    Stop,
    /// Texts again.
    Start,
    /// Who is this?
    Help,
}

const STOP: [&str; 8] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"];
const START: [&str; 2] = ["START", "UNSTOP"];
const HELP: [&str; 2] = ["HELP", "INFO"];

impl Keyword {
    /// The keyword a message is, and the word it was.
    #[must_use]
    pub fn of(body: &str) -> Option<(Self, &'static str)> {
        let body = body.trim();
        let find = |words: &'static [&'static str], keyword| {
            let word = words.iter().find(|word| word.eq_ignore_ascii_case(body))?;
            Some((keyword, *word))
        };
        find(&STOP, Self::Stop).or_else(|| find(&START, Self::Start)).or_else(|| find(&HELP, Self::Help))
    }

    /// What the platform answers. None of them is a keyword itself: two
    /// numbers of ours never answer each other for ever.
    #[must_use]
    pub fn reply(self) -> &'static str {
        match self {
            Self::Stop => {
                "You have been unsubscribed and will receive no more messages from this number. Reply START to \
                 resubscribe."
            }
            Self::Start => {
                "You have been resubscribed and will receive messages from this number again. Reply STOP to \
                 unsubscribe."
            }
            Self::Help => {
                "This number sends automated messages. Reply STOP to unsubscribe. Message and data rates may \
                 apply."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_message_must_be_the_word() {
        for word in ["STOP", " stop\n", "StopAll", "unsubscribe", "CANCEL", "end", "Quit", "optout", "REVOKE"]
        {
            assert_eq!(Keyword::of(word).map(|(keyword, _)| keyword), Some(Keyword::Stop), "{word:?}");
        }
        assert_eq!(Keyword::of("unstop"), Some((Keyword::Start, "UNSTOP")));
        assert_eq!(Keyword::of("Info"), Some((Keyword::Help, "INFO")));
        for other in ["stop it", "STOP!", "", "please stop", "ſtop", "yes"] {
            assert_eq!(Keyword::of(other), None, "{other:?}");
        }
    }

    #[test]
    fn replies_are_one_segment_and_no_keywords() {
        for keyword in [Keyword::Stop, Keyword::Start, Keyword::Help] {
            assert_eq!(Keyword::of(keyword.reply()), None);
            assert_eq!(offhook_model::segments::count(keyword.reply()), 1);
        }
    }
}
