//! Calls that are ended from outside, with last words.

use offhook_model::{
    call::EndReason,
    plan::Greeting,
    report::{Role, Turn},
};

use super::{
    PROMPT,
    doubles::{Call, Setup, TtsFault},
    ms, texts,
};

const GOODBYE: &str = "We must close now. Goodbye.";

async fn leaves(mut call: Call) -> Vec<Turn> {
    let from = call.now();
    call.told_to_leave(GOODBYE).await;
    assert_eq!(call.until_hung_up().await, EndReason::Shutdown);
    assert!(call.now() - from < ms(3_000), "{:?}", call.now() - from);
    call.end().await
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_silent_says_goodbye() {
    let mut call = Call::start(Setup::extractive(PROMPT));
    call.until_spoken("Hello there.").await;
    assert_eq!(texts(&leaves(call).await), [(Role::Agent, "Hello there."), (Role::Agent, GOODBYE)]);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_speaking_stops_and_says_goodbye() {
    let mut setup = Setup::extractive(PROMPT);
    setup.plan.greeting = Greeting::Say("one two three four five six seven eight nine ten.".to_owned());
    let mut call = Call::start(setup);
    call.quiet(1_000).await;
    let turns = leaves(call).await;
    assert!(turns[0].interrupted && turns[0].text.starts_with("one two three"), "{turns:#?}");
    assert_eq!((turns.len(), turns[1].text.as_str()), (2, GOODBYE));
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_being_answered_is_kept_and_goodbye_said_instead() {
    let mut call = Call::start(Setup { tts_delay: ms(2_000), ..Setup::extractive(PROMPT) });
    call.until_spoken("Hello there.").await;
    call.says("when are you open").await;
    call.quiet(400).await;
    let from = call.now();
    call.told_to_leave(GOODBYE).await;
    assert_eq!(call.until_hung_up().await, EndReason::Shutdown);
    assert!(call.now() - from < ms(5_000));
    assert_eq!(
        texts(&call.end().await),
        [(Role::Agent, "Hello there."), (Role::User, "when are you open"), (Role::Agent, GOODBYE)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_talks_on_does_not_cut_the_goodbye_off() {
    let mut call = Call::start(Setup::extractive(PROMPT));
    call.until_spoken("Hello there.").await;
    call.next_words("and another thing");
    call.talk(300).await;
    call.told_to_leave(GOODBYE).await;
    call.talk(2_400).await;
    assert_eq!(call.until_hung_up().await, EndReason::Shutdown);
    let turns = call.end().await;
    assert!(turns.iter().any(|turn| turn.text == GOODBYE && !turn.interrupted), "{turns:#?}");
    assert!(turns.iter().any(|turn| turn.text == "and another thing"), "{turns:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_cannot_be_spoken_ends_the_call_all_the_same() {
    let setup = Setup {
        tts_faults: vec![TtsFault::None, TtsFault::Error, TtsFault::Error, TtsFault::Error],
        ..Setup::extractive(PROMPT)
    };
    let mut call = Call::start(setup);
    call.until_spoken("Hello there.").await;
    call.told_to_leave(GOODBYE).await;
    assert!(matches!(call.until_hung_up().await, EndReason::Shutdown | EndReason::Error));
}
