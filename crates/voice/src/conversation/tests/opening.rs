//! The first words of a call, over a line.

use offhook_model::{
    call::{Direction, EndReason},
    plan::Greeting,
    report::Role,
};

use super::{
    PROMPT,
    doubles::{Call, Setup},
    ms, texts,
};
use crate::line::Act;

const GREETING: &str = "This is Ava of Blue Door Dental about your visit on Monday.";

fn outbound() -> Setup {
    let mut setup = Setup::extractive(PROMPT);
    setup.plan.direction = Direction::Outbound;
    setup.plan.greeting = Greeting::Say(GREETING.to_owned());
    setup
}

#[tokio::test(start_paused = true)]
async fn a_callee_who_says_hello_first_gets_the_greeting_as_the_answer() {
    let mut call = Call::start(outbound());
    call.quiet(200).await;
    call.next_words("hello");
    call.talk(400).await;
    let waited = call.until_first_sound().await;
    assert!(waited <= ms(500), "{waited:?}");
    call.until_spoken(GREETING).await;
    let turns = call.end().await;
    assert_eq!(texts(&turns), [(Role::User, "hello"), (Role::Agent, GREETING)]);
    assert!(!turns[1].interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_hello_into_the_greeting_has_it_said_again() {
    let mut call = Call::start(outbound());
    call.quiet(1_000).await;
    call.says("hello").await;
    call.until_spoken(GREETING).await;
    let turns = call.end().await;
    assert_eq!(texts(&turns), [(Role::Agent, "This is"), (Role::User, "hello"), (Role::Agent, GREETING)]);
    assert!(turns[0].interrupted && turns[2].latency.is_some(), "it answers the hello");
}

#[tokio::test(start_paused = true)]
async fn a_cough_into_an_answer_lets_it_go_on_where_it_was() {
    let mut setup = Setup::extractive(PROMPT);
    setup.plan.greeting = Greeting::Say("one two three four five six seven eight nine ten.".to_owned());
    let mut call = Call::start(setup);
    call.quiet(1_500).await;
    call.says("").await;
    call.until_spoken("eight nine ten.").await;
    let turns = call.end().await;
    assert_eq!(texts(&turns)[0], (Role::Agent, "one two three four five six seven"));
}

#[tokio::test(start_paused = true)]
async fn opening_words_of_the_brain_are_put_back_too() {
    let mut setup = outbound();
    setup.plan.greeting = Greeting::FromBrain;
    let mut call = Call::start(setup);
    call.quiet(900).await;
    call.says("yes").await;
    call.quiet(15_000).await;
    let turns = call.end().await;
    assert!(turns.last().unwrap().text.starts_with("Hello, this is Ava."), "{turns:#?}");
    assert!(turns.last().unwrap().text.ends_with("like to know?"));
}

#[tokio::test(start_paused = true)]
async fn the_line_stays_up_until_the_last_word_is_heard() {
    let mut call = Call::start(Setup::extractive(PROMPT));
    call.until_spoken("Hello there.").await;
    call.says("goodbye").await;
    // "Goodbye." is eight characters of 50 ms.
    call.quiet(400).await;
    assert!(!matches!(call.acts.last(), Some(Act::HangUp(_))), "its last packet is still on its way");
    assert_eq!(call.until_hung_up().await, EndReason::AgentHangup);
}

#[tokio::test(start_paused = true)]
async fn words_said_while_the_agent_thinks_are_reported_once_when_the_caller_leaves() {
    let mut call = Call::start(Setup { tts_delay: ms(3_000), ..Setup::extractive(PROMPT) });
    call.until_spoken("Hello there.").await;
    call.says("when are you open").await;
    call.next_words("never mind");
    call.talk(100).await;
    let turns = call.end().await;
    assert_eq!(
        texts(&turns)[1..],
        [(Role::User, "when are you open"), (Role::User, "never mind")],
        "{turns:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_on_hold_is_not_taken_for_heard() {
    let mut call = Call::start(Setup::extractive(PROMPT));
    call.until_spoken("Hello there.").await;
    call.says("when are you open").await;
    call.quiet(500).await;
    call.held(true).await;
    call.quiet(20_000).await;
    assert_eq!(call.turns.len(), 2, "{:#?}", call.turns);
    call.held(false).await;
    call.until_spoken("We are open from nine to five.").await;
}
