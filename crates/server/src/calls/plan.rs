//! Builds the [`CallPlan`] of a call: agent, number and call options, merged
//! by the rules of contract `voice-behaviour.md` §1, 3, 6, 7, 10, 11.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use offhook_model::{
    agent::{Agent, ModelTier, VoiceMode},
    call::Direction,
    id::{CallId, NumberId},
    plan::{BrainPlan, CallPlan, Greeting, Screening, VoicePlan},
    webhook::Webhook,
};
use offhook_voice::variables::substitute;

use super::party::Party;

/// What one call may set over its agent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallOptions {
    /// First words; `""` keeps silent until the other side speaks.
    pub initial_greeting: Option<String>,
    /// Voice instead of the agent's.
    pub voice: Option<String>,
    /// Instructions of the built-in model, which then runs the call.
    pub system_prompt: Option<String>,
    /// Model of a call with `system_prompt`; otherwise without effect.
    pub model_tier: Option<ModelTier>,
    /// Values of `{{name}}`, hosted calls only.
    pub variables: BTreeMap<String, String>,
    /// Who is calling, for screening assistants.
    pub call_screening_identity: Option<String>,
    /// Why, for screening assistants.
    pub call_screening_purpose: Option<String>,
    /// Keep no audio of this call.
    pub disable_recording: bool,
}

/// Everything a plan is made of.
#[derive(Debug, Clone)]
pub struct PlanParts<'a> {
    /// The call's id.
    pub call_id: CallId,
    /// Who talks.
    pub agent: &'a Agent,
    /// Our number.
    pub number_id: Option<NumberId>,
    /// The calling party as the API shows it.
    pub from: String,
    /// The called party as the API shows it.
    pub to: String,
    /// Who started it.
    pub direction: Direction,
    /// The agent's webhook, else the account's.
    pub webhook: Option<Webhook>,
    /// What the account knows of the other side.
    pub party: Party,
    /// What this call sets over the agent.
    pub options: CallOptions,
    /// Longest call.
    pub max_duration: Duration,
    /// Where the recording goes, when the operator records.
    pub recording: Option<PathBuf>,
}

/// The call is in webhook mode and there is no webhook to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the agent is in webhook mode, and neither it nor the account has a webhook")]
pub struct NoWebhook;

/// Whether the built-in model runs the call.
#[must_use]
pub fn is_hosted(agent: &Agent, options: &CallOptions) -> bool {
    options.system_prompt.is_some() || agent.settings.voice_mode == VoiceMode::Hosted
}

/// Makes the plan.
///
/// # Errors
/// [`NoWebhook`].
pub fn build(parts: PlanParts<'_>) -> Result<CallPlan, NoWebhook> {
    let PlanParts { agent, options, .. } = &parts;
    let settings = &agent.settings;
    let hosted = is_hosted(agent, options);
    let fill = |text: &str| {
        if !hosted {
            return text.to_owned();
        }
        substitute(text, |name| options.variables.get(name).map(String::as_str))
    };
    let brain = if hosted {
        let prompt =
            options.system_prompt.as_deref().or(settings.system_prompt.as_deref()).unwrap_or_default();
        let tier = options.model_tier.filter(|_| options.system_prompt.is_some());
        BrainPlan::Hosted {
            system_prompt: fill(prompt),
            tier: tier.unwrap_or(settings.model_tier),
            tools: settings.custom_tools.clone(),
            messaging: settings.enable_messaging,
        }
    } else {
        BrainPlan::Webhook {
            webhook: parts.webhook.clone().ok_or(NoWebhook)?,
            conversation_state: parts.party.conversation_state.clone(),
        }
    };
    Ok(CallPlan {
        account_id: agent.account_id.clone(),
        agent_id: agent.id.clone(),
        agent_name: settings.name.clone(),
        contact: parts.party.contact.clone(),
        brain,
        greeting: greeting(options.initial_greeting.as_deref(), settings.begin_message.as_deref(), fill),
        voice: VoicePlan {
            id: options.voice.clone().unwrap_or_else(|| settings.voice.clone()),
            language: settings.language.clone(),
            speed: settings.voice_speed,
        },
        stt_mode: settings.stt_mode,
        ambient_sound: settings.ambient_sound,
        denoising_mode: settings.denoising_mode,
        interruption_sensitivity: settings.interruption_sensitivity,
        enable_backchannel: settings.enable_backchannel,
        max_silence: Duration::from_millis(settings.max_silence_ms.into()),
        max_duration: parts.max_duration,
        transfer_number: settings.transfer_number.clone(),
        voicemail_message: text(settings.voicemail_message.as_deref()).map(fill),
        screening: screening(agent, options),
        recording: parts.recording.clone().filter(|_| !options.disable_recording),
        call_id: parts.call_id,
        number_id: parts.number_id,
        from: parts.from,
        to: parts.to,
        direction: parts.direction,
    })
}

/// The call's greeting (also `""`), the agent's, or the brain's own.
fn greeting(of_call: Option<&str>, of_agent: Option<&str>, fill: impl Fn(&str) -> String) -> Greeting {
    match (of_call, text(of_agent)) {
        (Some(""), _) => Greeting::Silent,
        (Some(words), _) | (None, Some(words)) => Greeting::Say(fill(words)),
        (None, None) => Greeting::FromBrain,
    }
}

/// Both are needed; with a purpose alone the agent's name is the identity.
fn screening(agent: &Agent, options: &CallOptions) -> Option<Screening> {
    let settings = &agent.settings;
    let either = |of_call: &Option<String>, of_agent: &Option<String>| {
        text(of_call.as_deref().or(of_agent.as_deref())).map(str::to_owned)
    };
    let purpose = either(&options.call_screening_purpose, &settings.call_screening_purpose)?;
    let identity = either(&options.call_screening_identity, &settings.call_screening_identity);
    Some(Screening { identity: identity.unwrap_or_else(|| settings.name.clone()), purpose })
}

/// Blank text is no text.
fn text(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use offhook_model::{
        Timestamp,
        agent::AgentSettings,
        id::{AccountId, AgentId, WebhookId},
    };

    use super::*;

    fn agent(change: impl FnOnce(&mut AgentSettings)) -> Agent {
        let mut settings = AgentSettings::named("Ada");
        change(&mut settings);
        Agent {
            id: AgentId::from("agt_1"),
            account_id: AccountId::from("acct_1"),
            settings,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn hosted(change: impl FnOnce(&mut AgentSettings)) -> Agent {
        agent(|settings| {
            settings.voice_mode = VoiceMode::Hosted;
            settings.system_prompt = Some("You are {{who}}.".to_owned());
            change(settings);
        })
    }

    fn webhook() -> Webhook {
        Webhook {
            id: WebhookId::from("wh_1"),
            account_id: AccountId::from("acct_1"),
            agent_id: None,
            url: "https://example.test/".to_owned(),
            secret: "whsec_x".to_owned(),
            context_limit: 10,
            timeout_s: 30,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn plan(agent: &Agent, webhook: Option<Webhook>, options: CallOptions) -> Result<CallPlan, NoWebhook> {
        build(PlanParts {
            call_id: CallId::from("call_1"),
            agent,
            number_id: Some(NumberId::from("num_1")),
            from: "+14155550100".to_owned(),
            to: "+14155550101".to_owned(),
            direction: Direction::Outbound,
            webhook,
            party: Party::default(),
            options,
            max_duration: Duration::from_secs(1800),
            recording: Some(PathBuf::from("a.wav")),
        })
    }

    fn prompt_of(plan: &CallPlan) -> (&str, ModelTier) {
        match &plan.brain {
            BrainPlan::Hosted { system_prompt, tier, .. } => (system_prompt, *tier),
            BrainPlan::Webhook { .. } => ("webhook", ModelTier::Balanced),
        }
    }

    #[test]
    fn the_mode_follows_the_call_then_the_agent() {
        let ask =
            |prompt: &str| CallOptions { system_prompt: Some(prompt.to_owned()), ..CallOptions::default() };
        let webhook_agent = agent(|_| {});
        assert!(matches!(plan(&webhook_agent, None, CallOptions::default()), Err(NoWebhook)));
        let asked = plan(&webhook_agent, Some(webhook()), CallOptions::default()).unwrap();
        assert!(matches!(asked.brain, BrainPlan::Webhook { .. }));
        assert_eq!(prompt_of(&plan(&webhook_agent, None, ask("Be brief.")).unwrap()).0, "Be brief.");
        let hosted = hosted(|_| {});
        assert_eq!(
            prompt_of(&plan(&hosted, Some(webhook()), CallOptions::default()).unwrap()).0,
            "You are {{who}}."
        );
        assert_eq!(prompt_of(&plan(&hosted, None, ask("Other.")).unwrap()).0, "Other.");
    }

    #[test]
    fn the_model_tier_of_a_call_needs_a_prompt_of_the_call() {
        let hosted = hosted(|_| {});
        let tier = Some(ModelTier::Max);
        let without = CallOptions { model_tier: tier, ..CallOptions::default() };
        assert_eq!(prompt_of(&plan(&hosted, None, without).unwrap()).1, ModelTier::Balanced);
        let with =
            CallOptions { model_tier: tier, system_prompt: Some("x".to_owned()), ..CallOptions::default() };
        assert_eq!(prompt_of(&plan(&hosted, None, with).unwrap()).1, ModelTier::Max);
    }

    #[test]
    fn the_greeting_is_the_calls_then_the_agents_then_the_brains() {
        let begins = hosted(|settings| settings.begin_message = Some("Hello {{who}}".to_owned()));
        let silent_agent = hosted(|_| {});
        let call = |words: Option<&str>| CallOptions {
            initial_greeting: words.map(str::to_owned),
            variables: [("who".to_owned(), "Bob".to_owned())].into(),
            ..CallOptions::default()
        };
        for (agent, words, expected) in [
            (&begins, Some("Hi {{who}}"), Greeting::Say("Hi Bob".to_owned())),
            (&begins, Some(""), Greeting::Silent),
            (&begins, None, Greeting::Say("Hello Bob".to_owned())),
            (&silent_agent, None, Greeting::FromBrain),
        ] {
            assert_eq!(plan(agent, None, call(words)).unwrap().greeting, expected);
        }
    }

    #[test]
    fn variables_are_left_alone_in_webhook_mode() {
        let agent = agent(|settings| settings.begin_message = Some("Hello {{who}}".to_owned()));
        let options = CallOptions {
            variables: [("who".to_owned(), "Bob".to_owned())].into(),
            ..CallOptions::default()
        };
        let plan = plan(&agent, Some(webhook()), options).unwrap();
        assert_eq!(plan.greeting, Greeting::Say("Hello {{who}}".to_owned()));
    }

    #[test]
    fn screening_needs_a_purpose_and_falls_back_to_the_agents_name() {
        let settled = |identity: Option<&str>, purpose: Option<&str>| {
            agent(|settings| {
                settings.call_screening_identity = identity.map(str::to_owned);
                settings.call_screening_purpose = purpose.map(str::to_owned);
            })
        };
        let of_call = |identity: Option<&str>, purpose: Option<&str>| CallOptions {
            call_screening_identity: identity.map(str::to_owned),
            call_screening_purpose: purpose.map(str::to_owned),
            ..CallOptions::default()
        };
        let both = |identity: &str, purpose: &str| {
            Some(Screening { identity: identity.to_owned(), purpose: purpose.to_owned() })
        };
        for (agent, options, expected) in [
            (settled(Some("Acme"), None), of_call(None, None), None),
            (settled(None, Some("A parcel")), of_call(None, None), both("Ada", "A parcel")),
            (settled(Some("Acme"), Some("A parcel")), of_call(None, None), both("Acme", "A parcel")),
            (settled(Some("Acme"), Some("A parcel")), of_call(Some("Bob"), None), both("Bob", "A parcel")),
            (settled(Some("Acme"), None), of_call(None, Some("Tea")), both("Acme", "Tea")),
            (settled(Some("Acme"), Some("A parcel")), of_call(None, Some(" ")), None),
        ] {
            assert_eq!(plan(&agent, Some(webhook()), options).unwrap().screening, expected);
        }
    }

    #[test]
    fn a_call_may_refuse_to_be_recorded() {
        let agent = hosted(|_| {});
        let quiet = CallOptions { disable_recording: true, ..CallOptions::default() };
        assert_eq!(plan(&agent, None, quiet).unwrap().recording, None);
        assert!(plan(&agent, None, CallOptions::default()).unwrap().recording.is_some());
    }

    #[test]
    fn the_voice_of_the_call_wins() {
        let agent = hosted(|settings| settings.voice = "Polly.Amy".to_owned());
        let options = CallOptions { voice: Some("Polly.Joanna".to_owned()), ..CallOptions::default() };
        assert_eq!(plan(&agent, None, options).unwrap().voice.id, "Polly.Joanna");
        assert_eq!(plan(&agent, None, CallOptions::default()).unwrap().voice.id, "Polly.Amy");
    }

    #[test]
    fn a_blank_voicemail_message_is_none() {
        let agent = hosted(|settings| settings.voicemail_message = Some(String::new()));
        assert_eq!(plan(&agent, None, CallOptions::default()).unwrap().voicemail_message, None);
    }
}
