//! The numbers to dial for each outcome of a call.
//!
//! They lie in +1 500 555: area code 500 belongs to no place, so that none of
//! them is ever sold.
//!
//! | number | who | what happens |
//! |---|---|---|
//! | +1 500 555 0001 | talker | answers, talks and listens, says goodbye, hangs up |
//! | +1 500 555 0002 | busy | 486 |
//! | +1 500 555 0003 | no answer | rings until the caller gives up |
//! | +1 500 555 0004 | rejected | 603 |
//! | +1 500 555 0005 | voicemail | greeting, beep, keeps what is said |
//! | +1 500 555 0006 | screening | an assistant asks who and why, then puts through |
//! | +1 500 555 0007 | menu | wants a key: 1 for the hours, 2 for a person |
//! | +1 500 555 0008 | hangs up | breaks off in the middle of a sentence |

use std::time::Duration;

use offhook_model::e164::E164;

use crate::script::{Menu, Script, Step};

/// What a test number does when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers and talks.
    Talks,
    /// 486 Busy Here.
    Busy,
    /// Rings forever.
    NoAnswer,
    /// 603 Decline.
    Rejects,
    /// An answering machine.
    Voicemail,
    /// A call-screening assistant.
    Screens,
    /// A menu wanting a key.
    Menu,
    /// Hangs up in the middle of its sentence.
    HangsUp,
}

/// A number with a behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestNumber {
    /// E.164.
    pub number: &'static str,
    /// For people.
    pub name: &'static str,
    /// What it does.
    pub behaviour: Behaviour,
}

/// All of them.
pub const TEST_NUMBERS: [TestNumber; 8] = [
    TestNumber { number: "+15005550001", name: "A person who talks", behaviour: Behaviour::Talks },
    TestNumber { number: "+15005550002", name: "Busy", behaviour: Behaviour::Busy },
    TestNumber { number: "+15005550003", name: "No answer", behaviour: Behaviour::NoAnswer },
    TestNumber { number: "+15005550004", name: "Rejected", behaviour: Behaviour::Rejects },
    TestNumber { number: "+15005550005", name: "Voicemail", behaviour: Behaviour::Voicemail },
    TestNumber { number: "+15005550006", name: "Call-screening assistant", behaviour: Behaviour::Screens },
    TestNumber { number: "+15005550007", name: "Menu", behaviour: Behaviour::Menu },
    TestNumber { number: "+15005550008", name: "Hangs up mid-sentence", behaviour: Behaviour::HangsUp },
];

/// First words of the voicemail.
pub const VOICEMAIL_GREETING: &str =
    "Hi, you have reached Alex. I can't take your call right now. Please leave a message after the tone.";
/// What the screening assistant asks.
pub const SCREENING_QUESTION: &str = "Hello. The person you are calling is using a screening service. Please say your name, and why you are calling.";
/// What the assistant says before it puts through.
pub const SCREENING_THANKS: &str = "Thank you. Please stay on the line.";
/// What the menu offers.
pub const MENU_PROMPT: &str = "Welcome. For opening hours, press one. To speak to a person, press two.";
/// What key 1 of the menu tells.
pub const MENU_HOURS: &str = "We are open from nine to five, Monday to Friday. Goodbye.";
/// First words of everybody who answers in person.
pub const HELLO: &str = "Hello?";

impl TestNumber {
    /// The entry of a dialled number.
    #[must_use]
    pub fn find(number: &E164) -> Option<&'static Self> {
        TEST_NUMBERS.iter().find(|entry| entry.number == number.as_str())
    }
}

impl Behaviour {
    /// What it says and does after the answer; none when it never answers.
    #[must_use]
    pub fn script(self) -> Option<Script> {
        match self {
            Self::Busy | Self::NoAnswer | Self::Rejects => None,
            Self::Talks => Some(talker()),
            Self::Voicemail => Some(voicemail()),
            Self::Screens => Some(screening()),
            Self::Menu => Some(menu()),
            Self::HangsUp => Some(
                Script::new("Polly.Amy")
                    .say(HELLO)
                    .listen()
                    .then(Step::SayFor(
                        "Oh, that is interesting, let me just tell you what happened to me last week.".into(),
                        Duration::from_millis(1500),
                    ))
                    .hang_up(),
            ),
        }
    }

    /// How long it rings before the answer or the refusal.
    #[must_use]
    pub fn rings_for(self) -> Duration {
        match self {
            Self::Busy => Duration::ZERO,
            Self::Screens | Self::Menu => Duration::from_millis(300),
            _ => Duration::from_millis(1000),
        }
    }
}

fn person(script: Script) -> Script {
    script
        .say(HELLO)
        .listen()
        .say("Yes, this is a good time. What are your opening hours?")
        .listen()
        .say("Thank you, that is all I wanted to know. Goodbye.")
        .then(Step::AwaitTurn { pause: Duration::from_millis(900), patience: Duration::from_secs(6) })
        .hang_up()
}

fn talker() -> Script {
    person(Script::new("Polly.Matthew"))
}

fn voicemail() -> Script {
    Script::new("Polly.Joanna")
        .wait(Duration::from_millis(400))
        .say(VOICEMAIL_GREETING)
        .wait(Duration::from_millis(300))
        .then(Step::Beep)
        .then(Step::AwaitTurn { pause: Duration::from_secs(4), patience: Duration::from_secs(60) })
        .hang_up()
}

fn screening() -> Script {
    let script = Script::new("Polly.Joanna")
        .say(SCREENING_QUESTION)
        .then(Step::AwaitTurn { pause: Duration::from_millis(1500), patience: Duration::from_secs(20) })
        .say(SCREENING_THANKS)
        .wait(Duration::from_millis(2500));
    person(script)
}

fn menu() -> Script {
    let menu = Menu {
        prompt: MENU_PROMPT.into(),
        choices: vec![
            ('1', vec![Step::Say(MENU_HOURS.into()), Step::HangUp]),
            ('2', vec![Step::Say("One moment please.".into()), Step::Wait(Duration::from_secs(1))]),
        ],
        wrong: "Sorry, that is not a valid option.".into(),
        patience: Duration::from_secs(5),
        tries: 3,
        otherwise: vec![Step::Say("Goodbye.".into()), Step::HangUp],
    };
    person(Script::new("Polly.Joanna").then(Step::Menu(Box::new(menu))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SimCarrier;

    #[test]
    fn test_numbers_are_found_and_never_sold() {
        for entry in TEST_NUMBERS {
            let number: E164 = entry.number.parse().unwrap();
            assert_eq!(TestNumber::find(&number).unwrap().behaviour, entry.behaviour);
            assert!(!SimCarrier::sells(&number));
        }
        assert!(TestNumber::find(&"+15005550009".parse().unwrap()).is_none());
    }
}
