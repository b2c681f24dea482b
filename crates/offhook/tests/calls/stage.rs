//! What every call test needs: the server, the doubles around it, a phone.

use std::{sync::Arc, time::Duration};

use offhook_sim::{script::Script, speech::SpeechCache, test_numbers::Behaviour};
use offhook_testkit::{
    agent::{PhoneCall, UserAgent},
    doubles::{
        chat::{ChatDouble, ChatScript},
        speech::SpeechDouble,
        transcription::TranscriptionDouble,
        webhook::WebhookDouble,
    },
    judge::{
        correlation::{median_r, per_window},
        likeness::Phrasebook,
    },
    signal::tone_speech,
};
use offhook_voice::providers::embedded::Embedded;
use serde_json::{Value, json};

use crate::server::{Db, KEY, Server};

/// What callers say. The transcription double knows them by their sound.
pub const HOURS: &str = "What are your opening hours?";
pub const PERSON: &str = "Please transfer me to a person.";
pub const THANKS: &str = "No thank you, that is all.";
pub const ORDER: &str = "My order number is four two seven.";

/// Who calls, where a test does not say otherwise.
pub const CALLER: &str = "+14155550177";

/// Rate of all audio in tests.
pub const RATE: u32 = 16_000;

/// Longest wait for anything that comes at once.
pub const SOON: Duration = Duration::from_secs(10);

pub struct Stage {
    pub server: Server,
    pub chat: ChatDouble,
    pub ears: TranscriptionDouble,
    pub voice: SpeechDouble,
    pub hook: WebhookDouble,
    pub phone: UserAgent,
    speech: SpeechCache,
    http: reqwest::Client,
}

/// An agent and its number.
pub struct Agent {
    pub id: String,
    pub number: String,
}

impl Stage {
    /// All doubles in use; `settings` come on top.
    pub async fn start(db: Db, script: ChatScript, settings: &[(&str, &str)]) -> Self {
        let speech = SpeechCache::new(Arc::new(Embedded));
        let mut book = Phrasebook::default();
        for phrase in [HOURS, PERSON, THANKS, ORDER] {
            book.add(phrase, &speech.speech(&Script::new("Polly.Matthew"), phrase).await.unwrap(), RATE);
        }
        let chat = ChatDouble::start(script).await.unwrap();
        let ears = TranscriptionDouble::start(book).await.unwrap();
        let voice = SpeechDouble::start().await.unwrap();
        let mut all = vec![
            ("LLM__BASE_URL".to_owned(), chat.base_url()),
            ("LLM__BALANCED".to_owned(), "double".to_owned()),
            ("STT__PROVIDER".to_owned(), "openai".to_owned()),
            ("STT__BASE_URL".to_owned(), ears.base_url()),
            ("TTS__PROVIDER".to_owned(), "openai".to_owned()),
            ("TTS__BASE_URL".to_owned(), voice.base_url()),
        ];
        all.extend(settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let server = tokio::task::spawn_blocking(move || {
            let all: Vec<(&str, &str)> =
                all.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            Server::start(db, &all)
        });
        Self {
            server: server.await.unwrap(),
            chat,
            ears,
            voice,
            hook: WebhookDouble::start().await.unwrap(),
            phone: UserAgent::start().await.unwrap(),
            speech,
            http: reqwest::Client::new(),
        }
    }

    /// The transcription double learns every sentence of a simulated party.
    pub async fn learn(&self, party: Behaviour) {
        let Some(script) = party.script() else { return };
        for text in script.texts() {
            for sentence in text.split_inclusive(['.', '?']).map(str::trim) {
                self.ears.learn(sentence, &self.speech.speech(&script, sentence).await.unwrap(), RATE);
            }
        }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let response = request.bearer_auth(KEY).send().await.unwrap();
        let (url, status) = (response.url().clone(), response.status());
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{url} answered {status}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{url}: {error}: {text}"))
    }

    pub async fn get(&self, path: &str) -> Value {
        self.send(self.http.get(self.server.url(path))).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.send(self.http.post(self.server.url(path)).json(body)).await
    }

    /// Any request, as it is answered.
    pub async fn fetch(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let request = self.http.get(self.server.url(path)).bearer_auth(KEY);
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
            .send()
            .await
            .unwrap()
    }

    /// A request that is refused, with any key; the answer's body.
    pub async fn refused(&self, method: &str, path: &str, key: &str, body: &Value) -> String {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, self.server.url(path)).bearer_auth(key).json(body);
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_client_error(), "{path} answered {status}: {text}");
        text
    }

    /// Asks again until `done` says so.
    pub async fn poll(&self, path: &str, limit: Duration, done: impl Fn(&Value) -> bool) -> Value {
        let start = std::time::Instant::now();
        loop {
            let value = self.get(path).await;
            if done(&value) {
                return value;
            }
            assert!(start.elapsed() < limit, "{path} after {limit:?}: {value:#}\n{}", self.server.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The call once it is over.
    pub async fn ended(&self, call: &str, limit: Duration) -> Value {
        self.poll(&format!("/v1/calls/{call}"), limit, |call| call["status"] != "in-progress").await
    }

    /// A hosted agent that greets with "Hello and welcome.", with a number.
    pub async fn agent(&self, extra: &Value) -> Agent {
        let mut body = json!({
            "name": "The bakery", "voiceMode": "hosted",
            "systemPrompt": "Answer briefly.", "beginMessage": "Hello and welcome.",
        });
        for (key, value) in extra.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let agent = self.post("/v1/agents", &body).await;
        let id = agent["id"].as_str().unwrap().to_owned();
        let number = self.post("/v1/numbers", &json!({"areaCode": "415", "agentId": id})).await;
        Agent { id, number: number["phoneNumber"].as_str().unwrap().to_owned() }
    }

    /// An agent whose webhook thinks; `timeout` in seconds.
    pub async fn webhook_agent(&self, timeout: u32) -> Agent {
        let agent = self.agent(&json!({"voiceMode": "webhook", "systemPrompt": null})).await;
        let hook = json!({"url": self.hook.url(), "timeout": timeout});
        self.post(&format!("/v1/agents/{}/webhook", agent.id), &hook).await;
        agent
    }

    /// The account's webhook; its secret.
    pub async fn account_webhook(&self) -> String {
        let hook = self.post("/v1/webhooks", &json!({"url": self.hook.url()})).await;
        hook["secret"].as_str().unwrap().to_owned()
    }

    /// Calls the agent and waits for the answer.
    pub async fn call(&self, agent: &Agent) -> PhoneCall {
        let mut call = self.phone.call(self.server.sip, &agent.number, CALLER).unwrap();
        assert!(call.answered(SOON).await, "not answered: {:?}\n{}", call.end(), self.server.log());
        call
    }

    /// Calls the agent and listens to "Hello and welcome."
    pub async fn greeted(&self, agent: &Agent) -> PhoneCall {
        let mut call = self.call(agent).await;
        let greeting = hear(&mut call).await;
        assert_heard("Hello and welcome.", &greeting);
        call
    }

    /// The id of the newest call.
    pub async fn latest(&self) -> String {
        self.get("/v1/calls?limit=1").await["data"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Audio of a phrase as the caller says it.
    pub async fn caller_audio(&self, phrase: &str) -> Arc<[i16]> {
        self.speech.speech(&Script::new("Polly.Matthew"), phrase).await.unwrap()
    }

    /// Says a phrase, then listens to the answer.
    pub async fn ask(&self, call: &mut PhoneCall, phrase: &str) -> Vec<i16> {
        call.say(&self.caller_audio(phrase).await).await;
        hear(call).await
    }

    pub async fn is_alive(&self) {
        assert_eq!(self.fetch("/healthz", &[]).await.status(), 200);
    }
}

/// Listens to one turn of the other side.
pub async fn hear(call: &mut PhoneCall) -> Vec<i16> {
    call.listen_to_turn(Duration::from_millis(700), SOON).await
}

/// How well the audio holds this text as the speech double says it, 0 to 1.
pub fn likeness(text: &str, heard: &[i16]) -> f64 {
    like(&tone_speech(text), heard)
}

/// How well the audio holds other audio: the middle of its windows' correlations.
pub fn like(reference: &[i16], heard: &[i16]) -> f64 {
    let fits = per_window(reference, heard, RATE, Duration::from_millis(300), Duration::from_millis(60));
    median_r(&fits)
}

pub fn assert_heard(text: &str, heard: &[i16]) {
    let r = likeness(text, heard);
    assert!(r > 0.85, "{text:?} was not heard: r {r:.3} in {} ms", heard.len() / 16);
}

/// The rows of a call: what the caller said, what the agent answered.
pub fn rows(call: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = call["transcripts"].as_array().unwrap();
    rows.iter().map(|row| (text(&row["transcript"]), text(&row["response"]))).collect()
}

/// Rows as a test writes them.
pub fn said(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(asked, answered)| ((*asked).to_owned(), (*answered).to_owned())).collect()
}
