//! Every test number of the simulated network, called by a real phone.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]

use std::{sync::Arc, time::Duration};

use offhook_engine::leg::LegEnd;
use offhook_model::e164::E164;
use offhook_sim::{
    SimConfig, SimNetwork,
    record::Outcome,
    script::Script,
    test_numbers::{
        HELLO, MENU_HOURS, MENU_PROMPT, SCREENING_QUESTION, SCREENING_THANKS, VOICEMAIL_GREETING,
    },
};
use offhook_testkit::{
    agent::{PhoneCall, UserAgent},
    judge::{
        activity,
        correlation::{best_fit, median_r, per_window},
        tone,
    },
    signal::tone_speech,
};
use offhook_voice::providers::embedded::Embedded;

const RATE: u32 = 16_000;
const ME: &str = "+14155550100";

struct Stage {
    network: SimNetwork,
    phone: UserAgent,
}

impl Stage {
    async fn new() -> Self {
        let network = SimNetwork::start(SimConfig::loopback(Arc::new(Embedded))).await.unwrap();
        Self { network, phone: UserAgent::start().await.unwrap() }
    }

    fn call(&self, number: &str) -> PhoneCall {
        let number: E164 = number.parse().unwrap();
        let target = &self.network.targets_for(&number, ME).unwrap()[0];
        self.phone.dial(target).unwrap()
    }

    async fn speech(&self, voice: &str, text: &str) -> Arc<[i16]> {
        self.network.speech().speech(&Script::new(voice), text).await.unwrap()
    }

    /// How well `heard` contains a text as a voice says it.
    async fn likeness(&self, heard: &[i16], voice: &str, text: &str) -> f64 {
        let reference = self.speech(voice, text).await;
        let fits = per_window(&reference, heard, RATE, millis(300), millis(60));
        median_r(&fits)
    }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[tokio::test]
async fn busy_answers_486_and_rejected_603() {
    let stage = Stage::new().await;
    let mut busy = stage.call("+15005550002");
    assert_eq!(busy.ended(seconds(5)).await, Some(LegEnd::Refused(486)));
    let mut rejected = stage.call("+15005550004");
    assert_eq!(rejected.ended(seconds(5)).await, Some(LegEnd::Refused(603)));
    assert!(rejected.has_rung());
    let mut unknown = stage.phone.call(stage.network.address(), "+15005550099", ME).unwrap();
    assert_eq!(unknown.ended(seconds(5)).await, Some(LegEnd::Refused(404)));
}

#[tokio::test]
async fn no_answer_rings_until_the_caller_gives_up() {
    let stage = Stage::new().await;
    let mut call = stage.call("+15005550003");
    assert!(!call.answered(millis(1500)).await);
    assert!(call.has_rung());
    assert_eq!(call.hang_up().await, Some(LegEnd::LocalHangup));
}

#[tokio::test]
async fn voicemail_greets_beeps_and_keeps_the_message() {
    let stage = Stage::new().await;
    let mut call = stage.call("+15005550005");
    assert!(call.answered(seconds(10)).await);
    let beep_sounds = |call: &PhoneCall| {
        let last_second = &call.heard()[call.heard().len().saturating_sub(16_000)..];
        !tone::find(last_second, RATE, 1000.0, millis(300)).is_empty()
    };
    assert!(call.until(seconds(15), beep_sounds).await, "no beep");
    let greeting = stage.likeness(call.heard(), "Polly.Joanna", VOICEMAIL_GREETING).await;
    assert!(greeting > 0.85, "{greeting}");
    call.listen(millis(300)).await;
    let message = tone_speech("please call me back tomorrow");
    call.say(&message).await;
    assert_eq!(call.ended(seconds(8)).await, Some(LegEnd::PeerHangup));
    let kept = stage.network.calls().pop().unwrap();
    assert_eq!((kept.caller.as_str(), kept.callee.number), (ME, "+15005550005"));
    assert_eq!(kept.record.outcome, Outcome::WeHungUp);
    let after_beep = kept.record.said("beep").unwrap().end;
    let fit = best_fit(&message, kept.record.heard_within(after_beep..kept.record.length));
    assert!(fit.r > 0.9, "{fit:?}");
}

#[tokio::test]
async fn the_menu_reacts_to_a_key() {
    let stage = Stage::new().await;
    let mut call = stage.call("+15005550007");
    assert!(call.answered(seconds(10)).await);
    let prompt = call.listen_to_turn(millis(700), seconds(15)).await;
    let score = stage.likeness(&prompt, "Polly.Joanna", MENU_PROMPT).await;
    assert!(score > 0.85, "{score}");
    let before = call.heard().len();
    assert!(call.press("1").await);
    assert_eq!(call.ended(seconds(10)).await, Some(LegEnd::PeerHangup));
    let score = stage.likeness(&call.heard()[before..], "Polly.Joanna", MENU_HOURS).await;
    assert!(score > 0.85, "{score}");
    assert_eq!(stage.network.calls()[0].record.digits(), "1");
}

#[tokio::test]
async fn the_screening_assistant_asks_listens_and_puts_through() {
    let stage = Stage::new().await;
    let mut call = stage.call("+15005550006");
    assert!(call.answered(seconds(10)).await);
    let question = call.listen_to_turn(millis(700), seconds(15)).await;
    assert!(stage.likeness(&question, "Polly.Joanna", SCREENING_QUESTION).await > 0.85);
    call.say(&tone_speech("this is offhook about your order")).await;
    let thanks = call.listen_to_turn(millis(700), seconds(10)).await;
    assert!(stage.likeness(&thanks, "Polly.Joanna", SCREENING_THANKS).await > 0.85);
    let person = call.listen_to_turn(millis(700), seconds(10)).await;
    assert!(stage.likeness(&person, "Polly.Joanna", HELLO).await > 0.8);
    call.hang_up().await;
}

#[tokio::test]
async fn somebody_hangs_up_in_the_middle_of_a_sentence() {
    let stage = Stage::new().await;
    let mut call = stage.call("+15005550008");
    assert!(call.answered(seconds(10)).await);
    call.listen_to_turn(millis(500), seconds(5)).await;
    call.say(&tone_speech("good morning how are you")).await;
    assert_eq!(call.ended(seconds(10)).await, Some(LegEnd::PeerHangup));
    let stretches = activity::stretches(call.heard(), RATE, activity::SILENCE, millis(300));
    let end = call.heard().len();
    assert!(stretches.last().unwrap().end + 4800 > end, "silence before the end: {stretches:?} of {end}");
}

#[tokio::test]
async fn two_scripted_parties_hold_a_conversation() {
    let stage = Stage::new().await;
    let script = Script::new("Polly.Amy")
        .listen()
        .say("Hello, this is the bakery. Is this a good time?")
        .listen()
        .say("We open at seven.")
        .listen()
        .say("Goodbye.");
    let uri = stage.network.targets_for(&"+15005550001".parse().unwrap(), ME).unwrap()[0].uri.clone();
    let record = stage.network.call(&ME.parse().unwrap(), &uri, &script).await.unwrap();
    assert_eq!(record.outcome, Outcome::TheyHungUp, "{:?}", record.notes);
    assert_eq!(record.other_spoke().len(), 3, "{:?}", record.notes);
    let theirs = stage.network.calls().pop().unwrap().record;
    assert_eq!(theirs.outcome, Outcome::WeHungUp);
    let mine = stage.speech("Polly.Amy", "We open at seven.").await;
    assert!(best_fit(&mine, &theirs.heard).r > 0.85);
}
