use super::*;

const LOUD: [i16; FRAME_SAMPLES] = {
    let mut samples = [4000; FRAME_SAMPLES];
    let mut at = 0;
    while at < FRAME_SAMPLES {
        samples[at] = -4000;
        at += 2;
    }
    samples
};

/// A line on virtual time: plays at once and tells when an utterance is over.
struct Stage {
    actor: Actor,
    deeds: Vec<(u64, Deed)>,
    playing: HashMap<UtteranceId, usize>,
}

impl Stage {
    fn new(script: &Script) -> Self {
        let lines =
            script.texts().into_iter().map(|text| (text.to_owned(), vec![1; 16_000].into())).collect();
        let actor = Actor::new(script, lines, Duration::from_secs(1));
        Self { actor, deeds: Vec::new(), playing: HashMap::new() }
    }

    fn run(&mut self, millis: u64, other_talks: bool) -> &mut Self {
        let frame = if other_talks { Frame(LOUD) } else { Frame::SILENCE };
        for _ in 0..millis / 20 {
            for deed in self.actor.hear(&frame) {
                match &deed {
                    Deed::Play(utterance, samples) => {
                        *self.playing.entry(*utterance).or_default() += samples.len();
                    }
                    Deed::Finish(utterance) => self.actor.played(*utterance),
                    Deed::Press(_) => self.actor.digits_sent(),
                    Deed::Flush | Deed::HangUp => {}
                }
                self.deeds.push((self.actor.tick * 20, deed));
            }
        }
        self
    }

    fn hung_up_at(&self) -> Option<u64> {
        self.deeds.iter().find(|(_, deed)| *deed == Deed::HangUp).map(|(at, _)| *at)
    }

    fn said(self) -> Vec<(String, bool)> {
        let record = self.actor.into_record(Outcome::WeHungUp);
        let said = |noted: Noted| match noted.note {
            Note::Said { text, is_cut, .. } => Some((text, is_cut)),
            _ => None,
        };
        record.notes.into_iter().filter_map(said).collect()
    }
}

#[test]
fn a_turn_is_taken_after_the_other_has_spoken_and_paused() {
    let mut stage = Stage::new(&Script::default().listen().say("hello").hang_up());
    stage.run(2000, false).run(1000, true).run(880, false);
    assert!(stage.playing.is_empty(), "spoke too soon");
    stage.run(1100, false);
    assert!(stage.hung_up_at().is_some());
    assert_eq!(stage.said(), [("hello".to_owned(), false)]);
}

#[test]
fn speech_is_fed_at_the_pace_of_the_line() {
    let mut stage = Stage::new(&Script::default().say("hello"));
    stage.run(400, false);
    let sent: usize = stage.playing.values().sum();
    assert_eq!(sent, (19 + LEAD_FRAMES) * FRAME_SAMPLES);
}

#[test]
fn an_interruption_begins_while_the_other_speaks() {
    let mut stage = Stage::new(&Script::default().interrupt_after(Duration::from_millis(600), "stop"));
    stage.run(500, false).run(580, true);
    assert!(stage.playing.is_empty());
    stage.run(60, true);
    assert!(!stage.playing.is_empty());
}

#[test]
fn a_silent_other_is_not_waited_for_forever() {
    let mut stage = Stage::new(&Script::default().listen().hang_up());
    stage.run(16_000, false);
    assert_eq!(stage.hung_up_at(), Some(15_020));
}

#[test]
fn a_sentence_is_cut_off_in_the_middle() {
    let script =
        Script::default().then(Step::SayFor("a long story".into(), Duration::from_millis(500))).hang_up();
    let mut stage = Stage::new(&script);
    stage.run(1000, false);
    assert_eq!(stage.hung_up_at(), Some(520));
    assert!(stage.deeds.iter().any(|(_, deed)| *deed == Deed::Flush));
    assert_eq!(stage.said(), [("a long story".to_owned(), true)]);
}

fn menu() -> Script {
    let menu = Menu {
        prompt: "press one".into(),
        choices: vec![('1', vec![Step::Say("you pressed one".into()), Step::HangUp])],
        wrong: "wrong key".into(),
        patience: Duration::from_secs(2),
        tries: 2,
        otherwise: vec![Step::Say("goodbye".into()), Step::HangUp],
    };
    Script::default().then(Step::Menu(Box::new(menu)))
}

#[test]
fn a_key_cuts_the_prompt_off_and_leads_on() {
    let mut stage = Stage::new(&menu());
    stage.run(300, false);
    stage.actor.digit('1');
    stage.run(2000, false);
    assert!(stage.hung_up_at().is_some());
    assert_eq!(stage.said(), [("press one".to_owned(), true), ("you pressed one".to_owned(), false)]);
}

#[test]
fn a_wrong_key_and_silence_each_cost_a_try() {
    let mut stage = Stage::new(&menu());
    stage.run(1500, false);
    stage.actor.digit('7');
    stage.run(8000, false);
    let said: Vec<String> = stage.said().into_iter().map(|(text, _)| text).collect();
    assert_eq!(said, ["press one", "wrong key", "press one", "goodbye"]);
}

#[test]
fn one_press_heard_as_event_and_tone_is_one_digit() {
    let mut stage = Stage::new(&Script::default());
    stage.actor.digit('5');
    stage.run(100, false);
    stage.actor.digit('5');
    stage.run(400, false);
    stage.actor.digit('5');
    assert_eq!(stage.actor.into_record(Outcome::TheyHungUp).digits(), "55");
}

#[test]
fn the_longest_call_ends() {
    let mut stage = Stage::new(&Script { longest: Duration::from_secs(3), ..Script::default() });
    stage.run(4000, true);
    assert_eq!(stage.hung_up_at(), Some(3000));
    let record = stage.actor.into_record(Outcome::WeHungUp);
    assert_eq!(record.heard.len(), 16_000, "kept as much as asked for");
}
