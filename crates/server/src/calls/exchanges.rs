//! The exchange rows of a call, made of its flat turns (contract §5.2).

use offhook_model::{
    Timestamp,
    report::{Role, Turn, TurnLatency},
};

/// One caller utterance and what the agent answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Index of the turn that opened the row.
    pub opened_by: u32,
    /// The caller's words; empty when the agent spoke first.
    pub transcript: String,
    /// Of recognition, 0 to 1.
    pub confidence: Option<f64>,
    /// What the agent answered; none when silent or pending.
    pub response: Option<String>,
    /// When the row was opened.
    pub created_at: Timestamp,
    /// What the caller waited for the first words of the answer.
    pub latency: Option<TurnLatency>,
    /// Whether the caller cut the answer short; it holds what was heard.
    pub interrupted: bool,
}

/// A caller's turn opens a row; the agent's turns after it join its response
/// with a space. An agent that speaks first opens a row with no words.
#[must_use]
pub fn exchanges(turns: &[Turn]) -> Vec<Exchange> {
    let mut rows: Vec<Exchange> = Vec::new();
    for turn in turns {
        match (turn.role, rows.last_mut()) {
            (Role::Agent, Some(row)) => {
                match &mut row.response {
                    Some(said) => {
                        said.push(' ');
                        said.push_str(&turn.text);
                    }
                    none => *none = Some(turn.text.clone()),
                }
                row.latency = row.latency.or(turn.latency);
                row.interrupted |= turn.interrupted;
            }
            (role, _) => rows.push(Exchange {
                opened_by: turn.index,
                transcript: if role == Role::User { turn.text.clone() } else { String::new() },
                confidence: if role == Role::User { turn.confidence } else { None },
                response: (role == Role::Agent).then(|| turn.text.clone()),
                created_at: turn.at,
                latency: turn.latency,
                interrupted: turn.interrupted,
            }),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(index: u32, role: Role, text: &str) -> Turn {
        Turn {
            index,
            role,
            text: text.to_owned(),
            confidence: (role == Role::User).then_some(0.9),
            at: Timestamp::UNIX_EPOCH,
            interrupted: false,
            latency: None,
        }
    }

    #[test]
    fn a_greeting_is_a_row_without_words() {
        let rows = exchanges(&[turn(0, Role::Agent, "Hello!"), turn(1, Role::User, "Hi")]);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].transcript.as_str(), rows[0].response.as_deref()), ("", Some("Hello!")));
        assert_eq!((rows[1].transcript.as_str(), rows[1].response.as_deref()), ("Hi", None));
        assert_eq!(rows[0].confidence, None);
        assert_eq!(rows[1].opened_by, 1);
    }

    #[test]
    fn agent_turns_in_a_row_are_joined_by_a_space() {
        let rows = exchanges(&[
            turn(0, Role::User, "Hours?"),
            turn(1, Role::Agent, "Let me see."),
            turn(2, Role::Agent, "Nine to five."),
            turn(3, Role::User, "Thanks"),
        ]);
        assert_eq!(rows[0].response.as_deref(), Some("Let me see. Nine to five."));
        assert_eq!(rows[1].response, None);
    }

    #[test]
    fn a_row_is_interrupted_when_any_part_of_its_answer_was() {
        let mut turns = [
            turn(0, Role::User, "Hours?"),
            turn(1, Role::Agent, "Let me"),
            turn(2, Role::Agent, "See."),
            turn(3, Role::User, "No"),
        ];
        turns[1].interrupted = true;
        let rows = exchanges(&turns);
        assert!(rows[0].interrupted && !rows[1].interrupted);
    }

    #[test]
    fn no_turns_are_no_rows() {
        assert!(exchanges(&[]).is_empty());
    }
}
