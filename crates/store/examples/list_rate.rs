//! Prints how long lists and sums take over many rows.
//!
//! `cargo run --release -p offhook-store --features bulk --example list_rate -- sqlite:///tmp/lists.db [divisor]`
//!
//! A year of 10⁶ calls, 10⁶ texts and 10⁷ ledger rows of one account; the divisor makes fewer.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use offhook_model::{
    Timestamp,
    agent::{Agent, AgentSettings},
    id::AccountId,
    number::{Number, NumberStatus, NumberType},
};
use offhook_store::{Account, Bulk, CallFilter, CursorPage, Page, Position, Store, StoreError, StoreOptions};

const YEAR_MS: i64 = 365 * 24 * 3600 * 1000;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Each question is asked this often.
const TIMES: u32 = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("give the url of an empty database")?;
    let divisor: i64 = std::env::args().nth(2).map_or(Ok(1), |text| text.parse())?;
    let store = Store::connect(&url, StoreOptions::default()).await?;
    let now = Timestamp::now();
    let first = Timestamp::from_millisecond(now.as_millisecond() - YEAR_MS)?;
    let account = AccountId::new(now, rand::random());
    let row = Account { id: account.clone(), parent_id: None, name: "lists".into(), created_at: now };
    store.create_account(&row).await?;
    parties(&store, &account, now).await?;
    for (bulk, what, rows) in [
        (Bulk::Calls, "calls", 1_000_000 / divisor),
        (Bulk::Threads, "threads", 50_000),
        (Bulk::Messages, "texts", 1_000_000 / divisor),
        (Bulk::Ledger, "ledger rows", 10_000_000 / divisor),
    ] {
        let started = Instant::now();
        store.fill(bulk, &account, rows, first, YEAR_MS / rows).await?;
        say(&format!("{rows} {what} made in {:.0} s", started.elapsed().as_secs_f64()))?;
    }
    store.analyze().await?;
    let calls = u32::try_from(1_000_000 / divisor)?;
    lists(&store, &account, calls).await?;
    texts(&store, &account, first, now).await?;
    sums(&store, &account, now).await?;
    store.close().await;
    Ok(())
}

async fn lists(store: &Store, account: &AccountId, calls: u32) -> Result<(), Box<dyn std::error::Error>> {
    let text = |word: &str| Some(word.to_owned());
    let all = CallFilter::default();
    let agent = CallFilter { agent_id: Some("agt_3".into()), ..all.clone() };
    let number = CallFilter { number_id: Some("num_3".into()), ..all.clone() };
    let failed = CallFilter { status: text("failed"), ..all.clone() };
    let web = CallFilter { kind: text("web"), ..all.clone() };
    let agents_busy = CallFilter { status: text("busy"), agent_id: Some("agt_5".into()), ..all.clone() };
    for (what, filter, of) in [
        ("calls", &all, calls),
        ("calls of an agent", &agent, calls / 10),
        ("calls of a number", &number, calls / 10),
        ("calls, status failed", &failed, calls / 5),
        ("calls, type web", &web, calls / 20),
        ("calls of an agent, busy", &agents_busy, calls / 10),
    ] {
        for (place, offset) in
            [("first page", 0), ("second page", 20), ("middle", of / 2), ("last page", of - 20)]
        {
            let page = Page { limit: 20, offset };
            ask(&format!("{what}, {place}"), TIMES, || store.calls(account, filter, page)).await?;
        }
        ask(&format!("{what}, first 100"), TIMES, || {
            store.calls(account, filter, Page { limit: 100, offset: 0 })
        })
        .await?;
    }
    let search = CallFilter { search: text("4151234"), ..all };
    ask("calls, search over all", 5, || store.calls(account, &search, Page { limit: 20, offset: 0 })).await
}

/// The agents and numbers the rows are of.
async fn parties(
    store: &Store,
    account: &AccountId,
    now: Timestamp,
) -> Result<(), Box<dyn std::error::Error>> {
    for i in 0..10 {
        let agent = Agent {
            id: format!("agt_{i}").into(),
            account_id: account.clone(),
            settings: AgentSettings::named(format!("Agent {i}")),
            created_at: now,
        };
        store.create_agent(&agent).await?;
        let number = Number {
            id: format!("num_{i}").into(),
            account_id: account.clone(),
            phone_number: format!("+1415555010{i}").parse().map_err(|_| "not a number")?,
            country: "US".into(),
            status: NumberStatus::Active,
            kind: NumberType::Sms,
            imessage_type: None,
            agent_id: Some(agent.id),
            attached_at: Some(now),
            external_id: None,
            expires_at: None,
            created_at: now,
            whatsapp: None,
        };
        store.insert_number(&number, None).await?;
    }
    Ok(())
}

async fn texts(
    store: &Store,
    account: &AccountId,
    first: Timestamp,
    now: Timestamp,
) -> Result<(), Box<dyn std::error::Error>> {
    let middle = Timestamp::from_millisecond(now.as_millisecond() - YEAR_MS / 2)?;
    let number = "num_3".into();
    let page = |before: Option<Timestamp>, after: Option<Timestamp>| CursorPage {
        limit: 50,
        before: before.map(Position::before),
        after: after.map(Position::after),
    };
    for (what, page) in [
        ("texts of a number, first page", page(None, None)),
        ("texts of a number, before the middle", page(Some(middle), None)),
        ("texts of a number, after the first", page(None, Some(first))),
    ] {
        ask(what, TIMES, || store.messages_of_number(account, &number, &page)).await?;
    }
    let (thread, newest) = ("conv_101234".into(), page(None, None));
    ask("texts of a thread, first page", TIMES, || store.messages_of_conversation(account, &thread, &newest))
        .await?;
    for (what, agent, offset) in [
        ("threads, first page", None, 0),
        ("threads, last page", None, 49_980),
        ("threads of an agent, first page", Some("agt_3".into()), 0),
    ] {
        let page = Page { limit: 20, offset };
        ask(what, TIMES, || store.conversations(account, agent.as_ref(), page)).await?;
    }
    Ok(())
}

async fn sums(store: &Store, account: &AccountId, now: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
    let ago = |days: i64| Timestamp::from_millisecond(now.as_millisecond() - days * DAY_MS);
    let (day, week, month) = (ago(1)?, ago(7)?, ago(30)?);
    ask("usage summary", TIMES, || async move {
        store.usage(account).await?;
        for since in [day, week, month] {
            store.usage_since(account, since).await?;
        }
        Ok(())
    })
    .await?;
    for (what, offset_ms) in [("UTC", 0), ("Kathmandu", 18 * 3600 * 1000 + 900_000)] {
        for days in [30, 365] {
            let today = now.as_millisecond().div_euclid(DAY_MS) * DAY_MS + offset_ms;
            let moments = (0..=days).map(|i| Timestamp::from_millisecond(today - (days - 1 - i) * DAY_MS));
            let moments: Vec<_> = moments.collect::<Result<_, _>>()?;
            ask(&format!("usage daily, {days} days, {what}"), TIMES, || {
                store.usage_between(account, &moments)
            })
            .await?;
        }
    }
    ask("usage by agent, a year", TIMES, || store.usage_by_agent(account, ago(365).unwrap_or(month), now))
        .await?;
    ask("usage by number, all time", TIMES, || store.usage_by_number(account)).await
}

/// Asks once to warm up, then `times`; prints p50 and p95.
async fn ask<T, F>(what: &str, times: u32, question: impl Fn() -> F) -> Result<(), Box<dyn std::error::Error>>
where
    F: Future<Output = Result<T, StoreError>>,
{
    question().await?;
    let mut took = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        question().await?;
        took.push(started.elapsed());
    }
    took.sort_unstable();
    let at =
        |part: usize| took.get((took.len() * part / 100).min(took.len() - 1)).copied().unwrap_or_default();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    say(&format!("{what:<44} p50 {:>7.2} ms   p95 {:>7.2} ms", ms(at(50)), ms(at(95))))
}

fn say(line: &str) -> Result<(), Box<dyn std::error::Error>> {
    writeln!(std::io::stdout(), "{line}").map_err(Into::into)
}
