//! What a party of a call does: a list of steps.

use std::time::Duration;

/// Silence after which the other has finished.
const PAUSE: Duration = Duration::from_millis(900);
/// How long a step waits for the other before it goes on alone.
const PATIENCE: Duration = Duration::from_secs(15);

/// One thing to do. Steps follow one another; waiting ones give up after their
/// `patience`, so that every script ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Say it, to the end.
    Say(String),
    /// Begin to say it and stop in the middle, after this long.
    SayFor(String, Duration),
    /// Sound the tone after which one speaks to a machine.
    Beep,
    /// Let this long pass.
    Wait(Duration),
    /// Until the other speaks.
    AwaitSpeech {
        /// At most so long.
        patience: Duration,
    },
    /// Until the other has spoken without a longer break for `speech`: the
    /// moment to interrupt.
    AwaitSpeaking {
        /// So much speech.
        speech: Duration,
        /// At most so long.
        patience: Duration,
    },
    /// Until the other has spoken and then been silent for `pause`.
    AwaitTurn {
        /// So much silence.
        pause: Duration,
        /// At most so long.
        patience: Duration,
    },
    /// Until the other has been silent for `pause`, whether or not it spoke.
    AwaitSilence {
        /// So much silence.
        pause: Duration,
        /// At most so long.
        patience: Duration,
    },
    /// Press keys: `0-9 * #`, `w` and `,` pause half a second.
    Press(String),
    /// Offer a choice by key.
    Menu(Box<Menu>),
    /// Hang up.
    HangUp,
}

/// A choice by key, offered again when nothing or a wrong key is pressed.
#[derive(Debug, Clone, PartialEq)]
pub struct Menu {
    /// What is said; a key may be pressed meanwhile.
    pub prompt: String,
    /// What follows each key.
    pub choices: Vec<(char, Vec<Step>)>,
    /// Said after a key that is none of them.
    pub wrong: String,
    /// Silence after the prompt before it is offered again.
    pub patience: Duration,
    /// Times it is offered.
    pub tries: u32,
    /// What follows when every try was in vain.
    pub otherwise: Vec<Step>,
}

/// A party: a voice and its steps. After the last step it listens until the
/// other hangs up, or [`longest`](Self::longest) has passed.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// Catalogue id of the voice.
    pub voice: String,
    /// Locale of what is said.
    pub language: String,
    /// Rate of speech, 0.5 to 2.0.
    pub speed: f64,
    /// In order.
    pub steps: Vec<Step>,
    /// Hangs up this long after the answer; five minutes by default.
    pub longest: Duration,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            voice: "Polly.Matthew".to_owned(),
            language: "en-US".to_owned(),
            speed: 1.0,
            steps: Vec::new(),
            longest: Duration::from_secs(300),
        }
    }
}

impl Script {
    /// An empty script for a voice of the catalogue.
    #[must_use]
    pub fn new(voice: &str) -> Self {
        Self { voice: voice.to_owned(), ..Self::default() }
    }

    /// Adds any step.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Says a text.
    #[must_use]
    pub fn say(self, text: &str) -> Self {
        self.then(Step::Say(text.to_owned()))
    }

    /// Waits until the other has spoken and paused, 15 s at most.
    #[must_use]
    pub fn listen(self) -> Self {
        self.then(Step::AwaitTurn { pause: PAUSE, patience: PATIENCE })
    }

    /// Speaks into the other's speech, once that has lasted for `speech`.
    #[must_use]
    pub fn interrupt_after(self, speech: Duration, text: &str) -> Self {
        self.then(Step::AwaitSpeaking { speech, patience: PATIENCE }).say(text)
    }

    /// Lets time pass.
    #[must_use]
    pub fn wait(self, time: Duration) -> Self {
        self.then(Step::Wait(time))
    }

    /// Presses keys.
    #[must_use]
    pub fn press(self, keys: &str) -> Self {
        self.then(Step::Press(keys.to_owned()))
    }

    /// Hangs up.
    #[must_use]
    pub fn hang_up(self) -> Self {
        self.then(Step::HangUp)
    }

    /// Every text that may be said, in the order of the script.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        let mut texts = Vec::new();
        collect(&self.steps, &mut texts);
        texts
    }
}

fn collect<'a>(steps: &'a [Step], texts: &mut Vec<&'a str>) {
    for step in steps {
        match step {
            Step::Say(text) | Step::SayFor(text, _) => texts.push(text),
            Step::Menu(menu) => {
                texts.extend([menu.prompt.as_str(), menu.wrong.as_str()]);
                menu.choices.iter().for_each(|(_, steps)| collect(steps, texts));
                collect(&menu.otherwise, texts);
            }
            _ => {}
        }
    }
}
