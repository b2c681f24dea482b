mod opening;

use super::*;

/// A conversation on virtual time: 20 ms per tick.
struct Script {
    machine: Machine,
    now: Ticks,
    log: Vec<(Ticks, Command)>,
}

impl Script {
    fn with(sensitivity: f64) -> Self {
        let machine = Machine::new(Settings {
            interruption_sensitivity: sensitivity,
            max_silence: Duration::from_secs(10),
            max_duration: Duration::from_secs(120),
        });
        Self { machine, now: 0, log: Vec::new() }
    }

    fn new() -> Self {
        Self::with(0.8)
    }

    fn on(&mut self, input: Input) -> Vec<Command> {
        let commands = self.machine.on(input);
        self.log.extend(commands.iter().cloned().map(|command| (self.now, command)));
        commands
    }

    fn frames(&mut self, ms: u64, speech: f32) -> Vec<Command> {
        let mut all = Vec::new();
        for _ in 0..ms / 20 {
            self.now += 1;
            all.extend(self.on(Input::Frame { speech, level: 0.1 }));
        }
        all
    }

    fn talk(&mut self, ms: u64) -> Vec<Command> {
        self.frames(ms, 0.95)
    }

    fn quiet(&mut self, ms: u64) -> Vec<Command> {
        self.frames(ms, 0.02)
    }

    fn words(&mut self, stretch: u64, text: &str) -> Vec<Command> {
        self.on(Input::Final { stretch, text: text.to_owned(), confidence: 0.9 })
    }

    fn partial(&mut self, stretch: u64, text: &str) -> Vec<Command> {
        self.on(Input::Partial { stretch, text: text.to_owned() })
    }

    /// Speech, silence, words: the usual turn; returns the agent's turn.
    fn says(&mut self, stretch: u64, text: &str) -> TurnId {
        self.talk(600);
        self.quiet(400);
        asked(&self.words(stretch, text)).turn
    }

    fn agent_speaks(&mut self) -> TurnId {
        let turn = self.machine.announce().unwrap();
        self.on(Input::AgentSpeaks(turn));
        turn
    }
}

fn asked(commands: &[Command]) -> &Question {
    commands.iter().find_map(|c| if let Command::Ask(q) = c { Some(q) } else { None }).expect("a question")
}

fn has_question(commands: &[Command]) -> bool {
    commands.iter().any(|c| matches!(c, Command::Ask(_)))
}

#[test]
fn a_complete_sentence_is_asked_after_400_ms_of_silence() {
    let mut call = Script::new();
    assert_eq!(call.talk(600), [Command::Begin { stretch: 0 }]);
    assert_eq!(call.quiet(380), []);
    assert_eq!(call.quiet(20), [Command::End { stretch: 0 }]);
    call.quiet(100);
    let commands = call.words(0, "what are your hours");
    let question = asked(&commands);
    assert_eq!(question.words.text, "what are your hours");
    assert_eq!((question.quiet, question.stt), (25, 5));
    assert_eq!(question.began_ago, 55);
}

#[test]
fn an_open_sentence_waits_900_ms() {
    let mut call = Script::new();
    call.talk(600);
    call.partial(0, "I would like to");
    assert_eq!(call.quiet(880), []);
    assert_eq!(call.quiet(20), [Command::End { stretch: 0 }]);
}

#[test]
fn an_open_final_without_partials_waits_too_and_takes_in_what_follows() {
    let mut call = Script::new();
    call.talk(600);
    call.quiet(400);
    assert_eq!(call.words(0, "my number is four one five"), []);
    assert!(!has_question(&call.quiet(300)));
    call.talk(500);
    call.quiet(400);
    let commands = call.words(1, "five five five oh one two three");
    assert_eq!(asked(&commands).words.text, "my number is four one five five five five oh one two three");
}

#[test]
fn an_open_final_is_asked_when_nothing_follows() {
    let mut call = Script::new();
    call.talk(600);
    call.quiet(400);
    call.words(0, "and");
    assert!(!has_question(&call.quiet(480)));
    assert!(has_question(&call.quiet(20)));
}

#[test]
fn flicker_cannot_hold_a_turn_beyond_one_and_a_half_seconds() {
    let mut call = Script::new();
    call.talk(600);
    let ended = (0..60).find(|_| {
        let mut commands = call.quiet(60);
        commands.extend(call.talk(40));
        commands.contains(&Command::End { stretch: 0 })
    });
    let ms = (ended.unwrap() + 1) * 100;
    assert!((1400..=1600).contains(&ms), "{ms}");
}

#[test]
fn noise_without_words_is_no_turn() {
    let mut call = Script::new();
    call.talk(300);
    call.quiet(400);
    assert_eq!(call.words(0, "  "), []);
    assert!(!has_question(&call.quiet(2000)));
}

#[test]
fn a_click_is_not_even_recognised() {
    let mut call = Script::new();
    call.talk(60);
    assert_eq!(call.quiet(400), [Command::Discard { stretch: 0 }]);
    assert_eq!(call.talk(20), []);
}

#[test]
fn silence_is_no_speech_whatever_the_detector_says() {
    let mut call = Script::new();
    for _ in 0..50 {
        assert_eq!(call.on(Input::Frame { speech: 1.0, level: 0.0 }), []);
    }
}

#[test]
fn two_quick_utterances_are_one_turn() {
    let mut call = Script::new();
    call.talk(400);
    call.quiet(400);
    call.talk(400);
    assert_eq!(call.words(0, "hello"), [], "the caller is talking again");
    call.quiet(400);
    let commands = call.words(1, "are you open today");
    assert_eq!(asked(&commands).words.text, "hello are you open today");
}

#[test]
fn finals_out_of_order_keep_the_order_of_speech() {
    let mut call = Script::new();
    call.talk(400);
    call.quiet(400);
    call.talk(400);
    call.quiet(400);
    assert_eq!(call.words(1, "second"), []);
    let commands = call.words(0, "first");
    assert_eq!(asked(&commands).words.text, "first second");
}

#[test]
fn talk_while_the_agent_thinks_takes_the_question_back_and_joins_it() {
    let mut call = Script::new();
    let first = call.says(0, "what are your hours");
    assert!(call.talk(240).contains(&Command::Withdraw(first)));
    call.quiet(400);
    let commands = call.words(1, "on Sunday");
    let question = asked(&commands);
    assert_eq!(question.words.text, "what are your hours on Sunday");
    assert!(question.turn > first);
    // The withdrawn turn may still report; nothing comes of it.
    assert_eq!(call.on(Input::AgentSpeaks(first)), []);
    assert_eq!(call.on(Input::AgentDone(first)), []);
    assert_eq!(call.talk(200), [Command::Begin { stretch: 2 }, Command::Withdraw(question.turn)]);
}

#[test]
fn a_cough_while_the_agent_thinks_changes_nothing() {
    let mut call = Script::new();
    let turn = call.says(0, "what are your hours");
    call.talk(120);
    call.quiet(400);
    assert_eq!(call.words(1, ""), []);
    call.on(Input::AgentSpeaks(turn));
    call.on(Input::AgentDone(turn));
    assert!(!call.log.iter().any(|(_, c)| matches!(c, Command::Withdraw(_) | Command::Interrupt(_))));
}

#[test]
fn noise_that_took_a_question_back_asks_it_again() {
    let mut call = Script::new();
    call.says(0, "what are your hours");
    call.talk(300);
    call.quiet(400);
    let commands = call.words(1, "");
    assert_eq!(asked(&commands).words.text, "what are your hours");
}

#[test]
fn barge_in_stops_the_agent_within_its_time() {
    for (sensitivity, ms) in [(1.0, 40), (0.8, 120), (0.5, 240), (0.1, 400)] {
        let mut call = Script::with(sensitivity);
        let turn = call.agent_speaks();
        call.quiet(500);
        assert!(!call.talk(ms - 20).contains(&Command::Interrupt(turn)), "{sensitivity}");
        assert!(call.talk(20).contains(&Command::Interrupt(turn)), "{sensitivity}");
        assert!(call.talk(100).contains(&Command::Cut(turn)), "{sensitivity}");
    }
}

#[test]
fn at_sensitivity_zero_the_words_wait_until_the_agent_is_done() {
    let mut call = Script::with(0.0);
    let turn = call.agent_speaks();
    call.talk(3000);
    call.quiet(400);
    assert_eq!(call.words(0, "stop it"), []);
    let commands = call.on(Input::AgentDone(turn));
    assert_eq!(asked(&commands).words.text, "stop it");
}

#[test]
fn broken_syllables_are_not_sustained_speech() {
    let mut call = Script::with(0.5);
    call.agent_speaks();
    for _ in 0..5 {
        assert!(!call.talk(100).iter().any(|c| matches!(c, Command::Interrupt(_))));
        call.quiet(140);
    }
}

#[test]
fn words_of_a_barge_in_are_asked_after_the_cut() {
    let mut call = Script::new();
    let turn = call.agent_speaks();
    call.talk(400);
    call.quiet(400);
    let next = asked(&call.words(0, "wait")).turn;
    let cut = call.log.iter().position(|(_, c)| *c == Command::Cut(turn)).unwrap();
    let ask = call.log.iter().position(|(_, c)| matches!(c, Command::Ask(_))).unwrap();
    assert!(cut < ask && next > turn);
}

#[test]
fn silence_of_both_sides_ends_the_call() {
    let mut call = Script::new();
    let turn = call.agent_speaks();
    assert_eq!(call.quiet(30_000), [], "the agent is talking");
    call.on(Input::AgentDone(turn));
    assert_eq!(call.quiet(9_980), []);
    assert_eq!(call.quiet(20), [Command::HangUp(EndReason::Inactivity)]);
    assert_eq!(call.talk(1000), [], "a call ends once");
}

#[test]
fn noise_does_not_keep_a_silent_call_alive() {
    let mut call = Script::new();
    let mut ended = false;
    for n in 0..30 {
        call.talk(200);
        call.quiet(800);
        call.words(n, "");
        ended |= call.log.iter().any(|(_, c)| *c == Command::HangUp(EndReason::Inactivity));
    }
    assert!(ended);
}

#[test]
fn hold_stops_the_silence_clock_and_the_ears() {
    let mut call = Script::new();
    call.on(Input::Held(true));
    assert_eq!(call.talk(30_000), [], "music on hold");
    call.on(Input::Held(false));
    assert_eq!(call.quiet(9_980), []);
    assert_eq!(call.quiet(20), [Command::HangUp(EndReason::Inactivity)]);
}

#[test]
fn a_call_cannot_outlast_its_plan() {
    let mut call = Script::new();
    call.agent_speaks();
    let commands = call.quiet(130_000);
    assert_eq!(commands, [Command::HangUp(EndReason::MaxDurationReached)]);
    assert_eq!(call.log.last().unwrap().0, 6_000);
}

#[test]
fn a_recogniser_that_never_answers_is_given_up() {
    let mut call = Script::new();
    call.talk(600);
    call.quiet(400);
    assert_eq!(call.quiet(7_980), []);
    assert_eq!(call.quiet(20), [Command::NotHeard]);
    assert_eq!(call.words(0, "too late"), []);
}

#[test]
fn a_lost_stretch_is_reported_and_the_next_one_counts() {
    let mut call = Script::new();
    call.talk(600);
    call.quiet(400);
    assert_eq!(call.on(Input::SttFailed { stretch: Some(0) }), [Command::NotHeard]);
    assert_eq!(call.on(Input::SttFailed { stretch: None }), []);
    call.says(1, "hello again");
}

#[test]
fn endless_speech_is_cut_into_bounded_stretches() {
    let mut call = Script::new();
    let commands = call.talk(65_000);
    assert!(commands.contains(&Command::End { stretch: 0 }));
    assert!(commands.contains(&Command::Begin { stretch: 1 }));
}

#[test]
fn a_transfer_that_fails_brings_the_agent_back() {
    let mut call = Script::new();
    let turn = call.agent_speaks();
    call.on(Input::AgentLeaves(turn));
    assert_eq!(call.talk(20_000), [], "ringing at the target");
    call.on(Input::AgentReturns);
    assert!(call.machine.announce().is_some());
}

#[test]
fn words_never_asked_are_not_lost_at_the_end() {
    let mut call = Script::new();
    call.talk(600);
    call.quiet(400);
    call.words(0, "and then");
    let (words, _) = call.machine.take_said().unwrap();
    assert_eq!(words.text, "and then");
}
