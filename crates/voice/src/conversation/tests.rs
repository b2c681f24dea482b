//! Conversations on virtual time, with engines that do what the test says.

mod doubles;
mod faults;
mod leaving;
mod opening;

use std::time::Duration;

use offhook_model::{
    call::EndReason,
    plan::Greeting,
    report::{Role, Turn},
};

use self::doubles::{Call, Setup};
use crate::line::Act;

fn texts(turns: &[Turn]) -> Vec<(Role, &str)> {
    turns.iter().map(|turn| (turn.role, turn.text.as_str())).collect()
}

const PROMPT: &str = "We are open from nine to five. Parking is free behind the building.";

#[tokio::test(start_paused = true)]
async fn a_caller_is_greeted_answered_and_sent_off() {
    let mut call = Call::start(Setup::extractive(PROMPT));
    call.until_spoken("Hello there.").await;
    call.says("when are you open").await;
    call.until_spoken("We are open from nine to five.").await;
    call.says("goodbye").await;
    assert_eq!(call.until_hung_up().await, EndReason::AgentHangup);
    let turns = call.end().await;
    assert_eq!(
        texts(&turns),
        [
            (Role::Agent, "Hello there."),
            (Role::User, "when are you open"),
            (Role::Agent, "We are open from nine to five."),
            (Role::User, "goodbye"),
            (Role::Agent, "Goodbye."),
        ]
    );
    assert_eq!(turns.iter().map(|turn| turn.index).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(turns.iter().all(|turn| !turn.interrupted));
    assert_eq!(turns[1].confidence, Some(0.9));
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_a_wait_sum_to_what_the_caller_waited() {
    let mut call = Call::start(Setup { stt_delay: ms(140), tts_delay: ms(60), ..Setup::extractive(PROMPT) });
    call.until_spoken("Hello there.").await;
    call.says("when are you open").await;
    let waited = call.until_first_sound().await;
    call.until_spoken("We are open from nine to five.").await;
    let turns = call.end().await;
    let latency = turns[2].latency.unwrap();
    assert!((380..=420).contains(&latency.end_of_turn_ms), "{latency:?}");
    assert!((120..=180).contains(&latency.stt_ms), "{latency:?}");
    assert!((60..=80).contains(&latency.tts_ms), "{latency:?}");
    assert!(waited.abs_diff(ms(latency.total_ms().into())) <= ms(40), "{waited:?} {latency:?}");
    assert_eq!(turns[0].latency, None, "a greeting answers nobody");
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_text_ends_where_it_was_heard() {
    let mut setup = Setup::extractive(PROMPT);
    setup.plan.greeting = Greeting::Say("one two three four five six seven eight nine ten.".to_owned());
    let mut call = Call::start(setup);
    call.quiet(1_000).await;
    let onset = call.now();
    call.talk(600).await;
    assert!(call.flushed_at.unwrap() - onset <= ms(200), "{:?}", call.flushed_at.unwrap() - onset);
    call.quiet(400).await;
    call.hears("when are you open").await;
    call.until_spoken("We are open from nine to five.").await;
    let turns = call.end().await;
    assert!(turns[0].interrupted);
    // The double speaks 50 ms a character.
    assert_eq!(turns[0].text, "one two three four");
    assert_eq!(turns[1].text, "when are you open");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_a_second_is_kept_ahead() {
    let mut setup = Setup::extractive(PROMPT);
    setup.plan.greeting = Greeting::Say("a long sentence that goes on and on for quite a while.".to_owned());
    let mut call = Call::start(setup);
    call.quiet(3_000).await;
    assert!((15_000..=16_000).contains(&call.most_ahead), "{}", call.most_ahead);
}

#[tokio::test(start_paused = true)]
async fn an_empty_greeting_waits_for_the_caller() {
    let mut setup = Setup::extractive(PROMPT);
    setup.plan.greeting = Greeting::Silent;
    let mut call = Call::start(setup);
    call.quiet(5_000).await;
    assert!(call.acts.is_empty());
    call.says("when are you open").await;
    call.until_spoken("We are open from nine to five.").await;
}

#[tokio::test(start_paused = true)]
async fn the_brain_opens_when_there_is_no_greeting() {
    let mut setup = Setup::extractive(PROMPT);
    setup.plan.greeting = Greeting::FromBrain;
    let mut call = Call::start(setup);
    call.quiet(15_000).await;
    assert!(call.end().await[0].text.starts_with("Hello, this is Ava."));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_call() {
    let mut setup = Setup::extractive(PROMPT);
    setup.plan.max_silence = Duration::from_secs(10);
    let mut call = Call::start(setup);
    call.until_spoken("Hello there.").await;
    let from = call.now();
    assert_eq!(call.until_hung_up().await, EndReason::Inactivity);
    assert!((call.now() - from).abs_diff(Duration::from_secs(10)) < ms(200));
}

#[tokio::test(start_paused = true)]
async fn a_transfer_leaves_after_the_words_and_may_come_back() {
    let mut setup = Setup::extractive(PROMPT);
    setup.plan.transfer_number = Some("+14155550199".parse().unwrap());
    let mut call = Call::start(setup);
    call.until_spoken("Hello there.").await;
    call.says("operator").await;
    call.until_spoken("I will connect you now.").await;
    call.quiet(200).await;
    assert!(matches!(call.acts.last(), Some(Act::Transfer { to }) if to.as_str() == "+14155550199"));
    call.transfer_fails().await;
    call.until_spoken("I am sorry, I could not reach anybody there.").await;
    call.says("when are you open").await;
    call.until_spoken("We are open from nine to five.").await;
}

#[tokio::test(start_paused = true)]
async fn the_callers_last_words_are_kept_when_they_hang_up() {
    let mut call = Call::start(Setup { stt_delay: ms(300), ..Setup::extractive(PROMPT) });
    call.until_spoken("Hello there.").await;
    call.next_words("never mind");
    call.talk(600).await;
    let turns = call.end().await;
    assert_eq!(texts(&turns), [(Role::Agent, "Hello there."), (Role::User, "never mind")]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_during_the_answer_heard_only_part_of_it() {
    let mut call = Call::start(Setup::extractive(PROMPT));
    call.until_spoken("Hello there.").await;
    call.says("when are you open").await;
    call.quiet(640).await;
    let turns = call.end().await;
    assert_eq!(texts(&turns)[1..], [(Role::User, "when are you open"), (Role::Agent, "We are open")]);
    assert!(!turns[2].interrupted);
}

#[tokio::test(start_paused = true)]
async fn the_recogniser_gets_the_sound_before_the_onset() {
    let mut call = Call::start(Setup::extractive(PROMPT));
    call.until_spoken("Hello there.").await;
    call.says("when are you open").await;
    // 15 frames up to the onset's second, 28 of speech, 20 of silence.
    assert_eq!(call.frames_recognised(), 15 + 28 + 20);
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
