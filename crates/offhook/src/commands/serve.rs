//! `offhook serve`: everything in one process, until SIGTERM.

use std::process::ExitCode;

use anyhow::Context;
use offhook_server::{
    Settings,
    compose::{
        Credentials, EngineConfig, FetchPolicy, LlmConfig, LlmTimeouts, MailSettings, MailTransport,
        MediaConfig, Running, SignupSettings, Smtp, SmtpTls, SpeechConfig, SpeechProvider, Start, SttConfig,
        TierModels, Trunk, TtsConfig,
    },
    settings::{Limits, Messages, RegistrationSettings},
};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{Config, Mail};

pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let running = start(&config).await?;
    if let Some(key) = running.new_api_key() {
        eprintln!("API key (shown this once; `offhook keys create` makes more): {key}");
    }
    if let Some(path) = running.handset_password_file() {
        eprintln!("softphones register with the password in {}", path.display());
    }
    println!("ready http={} sip={}", running.http_addr(), running.sip_addr());
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut asked = async || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    asked().await;
    eprintln!("{}", stopping(running.calls(), config.sip.drain));
    tokio::select! {
        () = running.stop() => Ok(ExitCode::SUCCESS),
        () = asked() => Ok(ExitCode::FAILURE),
    }
}

/// What an operator reads after the first signal.
fn stopping(calls: usize, drain: std::time::Duration) -> String {
    match calls {
        0 => "stopping; once more stops at once".to_owned(),
        calls => {
            format!(
                "stopping; {calls} calls may go on for up to {} s; once more stops at once",
                drain.as_secs()
            )
        }
    }
}

/// Starts everything with these settings.
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot make the data directory {}", config.data_dir.display()))?;
    offhook_server::compose::start(settings(config)).await.map_err(anyhow::Error::from)
}

/// The settings in the words of the parts.
pub fn settings(config: &Config) -> Start {
    let limits = config.limits.enabled.then_some(Limits {
        numbers: config.limits.numbers,
        concurrent_calls: config.limits.concurrent_calls,
        max_call: config.limits.max_call_duration,
    });
    Start {
        http_listen: config.http_listen,
        settings: Settings {
            public_url: config.http_public_url.clone().unwrap_or_default(),
            allow_private: config.allow_private,
            limits,
            billing: config.billing_enabled,
            prices: config.prices,
            rates: config.limits.rates.clone().filter(|_| config.limits.enabled),
            idempotency_window: config.idempotency_window,
            trusted_proxies: config.trusted_proxies.clone(),
            retry_delays: config.retry_delays.clone(),
            deliveries: config.deliveries,
            messages: Messages {
                per_minute: config.messages.per_minute,
                max_media_bytes: config.messages.max_media_bytes,
                media_timeout: config.messages.media_timeout,
                system_number: config.messages.system_number.clone(),
            },
            retention: config.retention,
            recordings: config.recording_enabled.then(|| config.blobs.clone()),
            mail: mail(&config.mail),
            signup: SignupSettings {
                enabled: config.signup.enabled,
                disposable_domains: config.signup.disposable_domains.clone(),
                credit_micros: config.signup.credit_micros,
            },
            registration: RegistrationSettings {
                required: config.registration.required,
                approves_after: config.registration.approves_after,
                propagation: config.registration.propagation,
            },
            ..Settings::default()
        },
        engine: engine(config),
        store_url: config.store_url.clone(),
        keys: config.keys.clone(),
        store_max_bytes: config.store_max_bytes,
        spool_max_bytes: config.spool_max_bytes,
        blobs: config.blobs.clone(),
        bootstrap_key: config.bootstrap_key.clone(),
        speech: speech(config),
        llm: llm(config),
        fetch: FetchPolicy {
            allow_private: config.allow_private,
            allow: config.allow.clone(),
            deny: config.deny.clone(),
        },
        sim: config.sim_enabled,
        handset_password: config.handset_password.clone(),
        data_dir: config.data_dir.clone(),
        trunks: config.trunks.iter().map(trunk).collect(),
        own_numbers: config.trunks.iter().flat_map(|trunk| trunk.numbers.clone()).collect(),
        drain: config.sip.drain,
        goodbye: config.sip.drain_goodbye.clone(),
    }
}

fn mail(mail: &Mail) -> MailSettings {
    let transport = match mail {
        Mail { smtp: Some(smtp), .. } => MailTransport::Smtp(Smtp {
            host: smtp.host.clone(),
            port: smtp.port,
            tls: match smtp.tls.as_str() {
                "implicit" => SmtpTls::Implicit,
                "none" => SmtpTls::None,
                _ => SmtpTls::StartTls,
            },
            credentials: smtp.credentials.clone(),
        }),
        Mail { directory: Some(directory), .. } => MailTransport::Files(directory.clone()),
        _ => MailTransport::Log,
    };
    MailSettings { transport, from: mail.from.clone() }
}

fn engine(config: &Config) -> EngineConfig {
    let sip = &config.sip;
    let mut engine = EngineConfig::new(sip.listen);
    engine.endpoint.advertised = sip.advertised;
    engine.endpoint.ring_timeout = sip.ring_timeout;
    engine.endpoint.max_calls = sip.max_calls;
    engine.answer_after = sip.answer_after;
    engine.media = MediaConfig {
        bind: sip.listen.ip(),
        advertised: config.media.address.or(sip.advertised.map(|addr| addr.ip())).unwrap_or(sip.listen.ip()),
        ports: config.media.ports.clone(),
        threads: config.media.threads,
        rtp_timeout: config.media.rtp_timeout,
        realtime: config.media.realtime,
    };
    engine
}

fn speech(config: &Config) -> SpeechConfig {
    let provider = |name: &str| match name {
        "openai" => SpeechProvider::Openai,
        _ => SpeechProvider::Embedded,
    };
    SpeechConfig {
        stt: SttConfig {
            provider: provider(&config.stt.provider),
            base_url: config.stt.base_url.clone(),
            api_key: config.stt.api_key.clone(),
            model: config.stt.model.clone(),
            max_streams: config.stt_max_streams,
            ..SttConfig::default()
        },
        tts: TtsConfig {
            provider: provider(&config.tts.provider),
            base_url: config.tts.base_url.clone(),
            api_key: config.tts.api_key.clone(),
            model: config.tts.model.clone(),
            ..TtsConfig::default()
        },
    }
}

/// A tier without a model of its own uses `balanced`, else whichever is named.
fn llm(config: &Config) -> Option<LlmConfig> {
    let llm = &config.llm;
    let fallback = llm.balanced.as_ref().or(llm.turbo.as_ref()).or(llm.max.as_ref())?;
    let of = |tier: &Option<String>| tier.as_ref().unwrap_or(fallback).clone();
    Some(LlmConfig {
        base_url: llm.base_url.clone()?,
        api_key: llm.api_key.clone(),
        models: TierModels { turbo: of(&llm.turbo), balanced: of(&llm.balanced), max: of(&llm.max) },
        timeouts: LlmTimeouts {
            first_token: llm.first_token_timeout,
            between_tokens: llm.idle_timeout,
            ..LlmTimeouts::default()
        },
    })
}

fn trunk(trunk: &crate::config::Trunk) -> Trunk {
    let set = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Trunk {
        uri: trunk.uri.clone(),
        proxy: set(&trunk.proxy),
        transport: set(&trunk.transport),
        credentials: set(&trunk.username)
            .map(|username| Credentials { username, password: trunk.password.clone() }),
        caller_id: set(&trunk.caller_id),
    }
}
