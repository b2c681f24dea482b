//! The first words, and words that noise cut.

use super::*;

fn interrupted(call: &mut Script, turn: TurnId, hardly: bool) -> Vec<Command> {
    let mut commands = call.talk(400);
    assert!(commands.contains(&Command::Cut(turn)), "{commands:?}");
    if hardly {
        commands.extend(call.on(Input::HardlyHeard(turn)));
    }
    commands.extend(call.quiet(400));
    commands
}

fn again(commands: &[Command]) -> (TurnId, TurnId, bool, Option<&str>) {
    commands
        .iter()
        .find_map(|c| match c {
            Command::SayAgain { turn, lost, whole, question } => {
                Some((*turn, *lost, *whole, question.as_ref().map(|q| q.words.text.as_str())))
            }
            _ => None,
        })
        .expect("something said again")
}

fn speaking(call: &mut Script, listen: bool) -> TurnId {
    let turn = call.machine.open(listen).unwrap();
    call.on(Input::AgentSpeaks(turn));
    turn
}

#[test]
fn a_greeting_cut_by_a_hello_is_said_again_and_nothing_is_asked() {
    let mut call = Script::new();
    let turn = speaking(&mut call, false);
    interrupted(&mut call, turn, true);
    let commands = call.words(0, "hello?");
    assert!(!has_question(&commands));
    let (next, lost, whole, words) = again(&commands);
    assert_eq!((lost, whole, words), (turn, true, Some("hello?")));
    assert!(next > turn);
}

#[test]
fn a_greeting_cut_by_a_wish_is_not_said_again() {
    for words in ["stop", "I want to change my order"] {
        let mut call = Script::new();
        let turn = speaking(&mut call, false);
        interrupted(&mut call, turn, true);
        assert_eq!(asked(&call.words(0, words)).words.text, words);
    }
}

#[test]
fn a_greeting_that_was_heard_is_not_said_again_for_a_hello() {
    let mut call = Script::new();
    let turn = speaking(&mut call, false);
    interrupted(&mut call, turn, false);
    assert!(has_question(&call.words(0, "hello")));
}

#[test]
fn a_greeting_talked_over_before_its_first_sound_answers_the_hello() {
    let mut call = Script::new();
    let turn = call.machine.open(false).unwrap();
    assert!(call.talk(300).contains(&Command::Withdraw(turn)));
    call.quiet(400);
    assert_eq!(again(&call.words(0, "hi")).1, turn);
}

#[test]
fn a_greeting_is_begun_three_times_at_most() {
    let mut call = Script::new();
    let mut turn = speaking(&mut call, false);
    for stretch in 0..2 {
        interrupted(&mut call, turn, true);
        turn = again(&call.words(stretch, "hello")).0;
        call.on(Input::AgentSpeaks(turn));
    }
    interrupted(&mut call, turn, true);
    assert!(has_question(&call.words(2, "hello")));
}

#[test]
fn noise_does_not_leave_the_agent_cut_off() {
    let mut call = Script::new();
    let turn = call.agent_speaks();
    interrupted(&mut call, turn, false);
    let commands = call.words(0, "");
    assert_eq!(again(&commands).1, turn);
    assert!(!again(&commands).2, "only the rest");
}

#[test]
fn noise_before_the_first_sound_does_not_lose_an_announcement() {
    let mut call = Script::new();
    let turn = call.machine.announce().unwrap();
    assert!(call.talk(300).contains(&Command::Withdraw(turn)));
    call.quiet(400);
    let commands = call.words(0, "");
    assert_eq!((again(&commands).1, again(&commands).2), (turn, true));
}

#[test]
fn words_that_recognition_lost_are_asked_for_rather_than_talked_over() {
    let mut call = Script::new();
    let turn = call.agent_speaks();
    interrupted(&mut call, turn, false);
    assert_eq!(call.on(Input::SttFailed { stretch: Some(0) }), [Command::NotHeard]);
}

#[test]
fn a_silent_callee_is_greeted_after_700_ms() {
    let mut call = Script::new();
    call.machine.open(true).unwrap();
    call.quiet(680);
    assert!(call.machine.is_holding());
    call.quiet(20);
    assert!(!call.machine.is_holding());
}

#[test]
fn the_greeting_waits_for_the_callees_hello_and_answers_it() {
    let mut call = Script::new();
    let turn = call.machine.open(true).unwrap();
    call.quiet(300);
    call.talk(1_000);
    call.quiet(280);
    assert!(call.machine.is_holding(), "the callee has only just paused");
    let commands = call.quiet(20);
    assert_eq!(commands, [Command::End { stretch: 0 }]);
    assert!(!call.machine.is_holding());
    // The words may come before the first sound or after it.
    assert_eq!(call.words(0, "hello"), []);
    let commands = call.on(Input::AgentSpeaks(turn));
    assert!(matches!(&commands[..], [Command::Note { words, .. }] if words.text == "hello"), "{commands:?}");
}

#[test]
fn words_that_come_while_the_greeting_answers_them_are_noted() {
    let mut call = Script::new();
    let turn = call.machine.open(true).unwrap();
    call.talk(500);
    call.quiet(400);
    call.on(Input::AgentSpeaks(turn));
    let commands = call.words(0, "good morning Smith and sons how can I help you");
    assert!(matches!(&commands[..], [Command::Note { .. }]), "{commands:?}");
}

#[test]
fn a_beep_into_the_greeting_has_it_said_again_whatever_it_answers() {
    let mut call = Script::new();
    let turn = call.machine.open(true).unwrap();
    call.talk(3_000);
    call.quiet(400);
    call.on(Input::AgentSpeaks(turn));
    interrupted(&mut call, turn, true);
    call.words(1, "");
    let commands = call.words(0, "hi you have reached Alex please leave a message");
    assert_eq!(again(&commands).1, turn);
    assert!(!has_question(&commands));
}

#[test]
fn an_opening_that_says_nothing_leaves_the_hello_to_the_brain() {
    let mut call = Script::new();
    let turn = call.machine.open(true).unwrap();
    call.talk(500);
    call.quiet(400);
    call.words(0, "hello");
    assert_eq!(asked(&call.on(Input::AgentDone(turn))).words.text, "hello");
}

#[test]
fn a_line_of_noise_is_greeted_and_does_not_stop_the_greeting() {
    let mut call = Script::new();
    let turn = call.machine.open(true).unwrap();
    call.talk(4_680);
    assert!(call.machine.is_holding());
    call.talk(20);
    assert!(!call.machine.is_holding());
    call.on(Input::AgentSpeaks(turn));
    assert_eq!(call.talk(2_000), []);
    call.partial(0, "excuse me");
    assert!(call.talk(20).contains(&Command::Interrupt(turn)), "words do stop it");
}

#[test]
fn a_human_waits_half_a_second_after_an_unfinished_hello() {
    let mut call = Script::new();
    call.machine.open(true).unwrap();
    call.talk(500);
    call.partial(0, "hello this is");
    call.quiet(480);
    assert!(call.machine.is_holding());
    call.quiet(20);
    assert!(!call.machine.is_holding());
}

#[test]
fn a_line_full_of_noise_does_not_live_for_ever() {
    let mut call = Script::new();
    for _ in 0..100 {
        // No pause; nothing is understood in the stretches that are cut.
        for command in call.talk(1_000) {
            if let Command::End { stretch } = command {
                call.words(stretch, "");
            }
        }
    }
    assert_eq!(call.log.last().unwrap().1, Command::HangUp(EndReason::Inactivity));
    assert!(call.log.last().unwrap().0 * 20 <= 80_000);
}
