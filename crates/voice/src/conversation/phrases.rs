//! What Offhook itself says, when nobody else can.

/// Fixed sentences in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phrases {
    /// The brain failed once; it is asked again.
    pub moment: &'static str,
    /// The brain failed; the caller may try again.
    pub trouble: &'static str,
    /// Recognition failed.
    pub not_heard: &'static str,
    /// The transfer did not come about.
    pub not_transferred: &'static str,
    /// It is no use.
    pub goodbye: &'static str,
}

impl Phrases {
    /// By the language of the locale; English where there are none.
    pub(super) fn of(locale: &str) -> Self {
        match locale.split('-').next().unwrap_or_default() {
            "de" => Self {
                moment: "Einen Moment bitte.",
                trouble: "Entschuldigung, das hat nicht geklappt. Sagen Sie es bitte noch einmal?",
                not_heard: "Entschuldigung, das habe ich nicht verstanden. Sagen Sie es bitte noch einmal?",
                not_transferred: "Es tut mir leid, ich konnte dort niemanden erreichen.",
                goodbye: "Es tut mir leid, wir haben ein technisches Problem. Bitte rufen Sie später noch einmal an. Auf Wiederhören.",
            },
            "es" => Self {
                moment: "Un momento, por favor.",
                trouble: "Lo siento, ha habido un problema. ¿Puede repetirlo?",
                not_heard: "Lo siento, no le he entendido. ¿Puede repetirlo?",
                not_transferred: "Lo siento, no he podido localizar a nadie.",
                goodbye: "Lo siento, tenemos un problema técnico. Por favor, llame más tarde. Adiós.",
            },
            "fr" => Self {
                moment: "Un instant, s'il vous plaît.",
                trouble: "Désolé, il y a eu un problème. Pouvez-vous répéter ?",
                not_heard: "Désolé, je n'ai pas compris. Pouvez-vous répéter ?",
                not_transferred: "Désolé, je n'ai pu joindre personne.",
                goodbye: "Désolé, nous avons un problème technique. Merci de rappeler plus tard. Au revoir.",
            },
            _ => Self {
                moment: "One moment, please.",
                trouble: "Sorry, I am having trouble with that. Could you say it again?",
                not_heard: "Sorry, I did not catch that. Could you say it again?",
                not_transferred: "I am sorry, I could not reach anybody there.",
                goodbye: "I am sorry, we have a technical problem. Please call again later. Goodbye.",
            },
        }
    }
}
