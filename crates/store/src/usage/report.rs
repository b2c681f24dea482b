//! Reading the rollups.

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, NumberId},
    number::NumberStatus,
    usage::UsageKind,
};

use crate::{
    Store, StoreError,
    conn::Conn,
    row::Row,
    statement::statements,
    usage::{
        span::Span,
        tally::{CALL, CALL_COMPLETED, DELIVERY, DELIVERY_FAILED, DELIVERY_SUCCESS},
    },
    value::args,
};

/// Sums over some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsageSums {
    /// Texts sent and received, on every channel.
    pub messages: u64,
    /// Segments of those by SMS.
    pub sms_segments: u64,
    /// Calls that began.
    pub calls: u64,
    /// Calls that ended well.
    pub completed_calls: u64,
    /// Their conversation, whole seconds each.
    pub completed_seconds: u64,
    /// Conversation of all answered calls that ended, whole seconds each.
    pub voice_seconds: u64,
    /// Events that became deliveries.
    pub deliveries: u64,
    /// Deliveries that arrived.
    pub delivered: u64,
    /// Deliveries that were given up.
    pub undelivered: u64,
}

/// What one number was used for, all time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberUsage {
    /// Its id.
    pub id: NumberId,
    /// The number.
    pub phone_number: String,
    /// Two letters.
    pub country: String,
    /// Whether it is held.
    pub status: NumberStatus,
    /// The agent that has it.
    pub agent_id: Option<AgentId>,
    /// That agent's name.
    pub agent_name: Option<String>,
    /// The sums.
    pub sums: UsageSums,
}

/// What one agent did in some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentUsage {
    /// The agent; none for what no agent did.
    pub id: Option<AgentId>,
    /// Its name; none for what no agent did.
    pub name: Option<String>,
    /// Whether it was deleted, or is none.
    pub is_orphan: bool,
    /// The sums.
    pub sums: UsageSums,
}

/// What one kind of usage came to in some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindCost {
    /// The kind.
    pub kind: UsageKind,
    /// Entries of the ledger.
    pub entries: u64,
    /// Their quantities, in [`UsageKind::unit`].
    pub quantity: i64,
    /// Their prices, micros.
    pub amount_micros: i64,
}

/// The days of a span and the quarters at its edges: `$2` to `$3`, and `$4` to `$5` and `$6` to `$7`.
macro_rules! covered {
    ($head:literal, $columns:literal, $day:literal, $quarter:literal, $tail:literal) => {
        concat!(
            $head,
            " kind, CAST(SUM(n) AS BIGINT) AS n, CAST(SUM(quantity) AS BIGINT) AS quantity,
            CAST(SUM(amount_micros) AS BIGINT) AS amount_micros FROM (SELECT ",
            $columns,
            " FROM usage_rollups WHERE account_id = $1 AND grain = '",
            $day,
            "' AND slot >= $2 AND slot < $3 UNION ALL SELECT ",
            $columns,
            " FROM usage_rollups WHERE account_id = $1 AND grain = '",
            $quarter,
            "' AND slot >= $4 AND slot < $5 UNION ALL SELECT ",
            $columns,
            " FROM usage_rollups WHERE account_id = $1 AND grain = '",
            $quarter,
            "' AND slot >= $6 AND slot < $7) AS parts ",
            $tail
        )
    };
}

statements! {
    ALL_TIME = "SELECT kind, CAST(SUM(n) AS BIGINT) AS n, CAST(SUM(quantity) AS BIGINT) AS quantity
        FROM usage_rollups WHERE account_id = $1 AND grain = 't' AND slot = 0 GROUP BY kind";
    COVERED = covered!("SELECT", "kind, n, quantity, amount_micros", "d", "q", "GROUP BY kind");
    BY_AGENT = covered!("SELECT agent_id,", "agent_id, kind, n, quantity, amount_micros", "da", "qa", "GROUP BY agent_id, kind");
    // What the first quarter of a window holds before its first whole one.
    EDGE = "SELECT kind, CAST(COUNT(*) AS BIGINT) AS n, CAST(SUM(quantity) AS BIGINT) AS quantity FROM usage_events
        WHERE account_id = $1 AND at >= $2 AND at < $3 GROUP BY kind
        UNION ALL SELECT 'call' AS kind, CAST(COUNT(*) AS BIGINT) AS n, CAST(0 AS BIGINT) AS quantity FROM calls
        WHERE account_id = $1 AND started_at >= $2 AND started_at < $3";
    STEPS = "SELECT (slot - $3) / $5 AS step, kind, CAST(SUM(n) AS BIGINT) AS n,
        CAST(SUM(quantity) AS BIGINT) AS quantity FROM usage_rollups
        WHERE account_id = $1 AND grain = $2 AND slot >= $3 AND slot < $4 GROUP BY 1, kind";
    BY_NUMBER = "SELECT number_id, kind, CAST(SUM(n) AS BIGINT) AS n, CAST(SUM(quantity) AS BIGINT) AS quantity
        FROM usage_rollups WHERE account_id = $1 AND grain = 't' AND slot = 0 AND number_id <> ''
        GROUP BY number_id, kind";
    NUMBERS = "SELECT n.id, n.phone_number, n.country, n.status, n.agent_id, a.name AS agent_name FROM numbers n
        LEFT JOIN agents a ON a.id = n.agent_id AND a.account_id = n.account_id
        WHERE n.account_id = $1 ORDER BY n.created_at DESC, n.id DESC";
    AGENTS = "SELECT id, name FROM agents WHERE account_id = $1 ORDER BY created_at DESC, id DESC";
    DELETED_AGENT = "SELECT name FROM deleted_agents WHERE account_id = $1 AND id = $2";
}

impl Store {
    /// Sums of all time.
    pub async fn usage(&self, account: &AccountId) -> Result<UsageSums, StoreError> {
        let rows = self.read().await?.all(&ALL_TIME, args![account]).await?;
        UsageSums::of(&rows)
    }

    /// Sums since a moment, exact to the millisecond for messages, segments
    /// and calls; the rest counts from the next quarter of an hour.
    pub async fn usage_since(&self, account: &AccountId, since: Timestamp) -> Result<UsageSums, StoreError> {
        let span = Span::since(since);
        let mut conn = self.read().await?;
        let mut rows = conn.all(&COVERED, span.args(account)).await?;
        rows.extend(conn.all(&EDGE, args![account, since, span.begins_ms()]).await?);
        UsageSums::of(&rows)
    }

    /// Sums between each two moments that follow each other; moments are
    /// taken down to the quarter of an hour.
    pub async fn usage_between(
        &self,
        account: &AccountId,
        moments: &[Timestamp],
    ) -> Result<Vec<UsageSums>, StoreError> {
        let mut sums = vec![UsageSums::default(); moments.len().saturating_sub(1)];
        let mut conn = self.read().await?;
        for run in super::runs::runs(moments) {
            let Some(sums) = sums.get_mut(run.steps.clone()) else { continue };
            if let [only] = sums {
                let rows = conn.all(&COVERED, run.span.args(account)).await?;
                rows.iter().try_for_each(|row| only.add(row))?;
                continue;
            }
            for row in conn.all(&STEPS, run.args(account)).await? {
                if let Some(step) = sums.get_mut(row.number::<usize>("step")?) {
                    step.add(&row)?;
                }
            }
        }
        Ok(sums)
    }

    /// What was used between two moments, by kind; kinds without use are left out.
    pub async fn usage_costs(
        &self,
        account: &AccountId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<KindCost>, StoreError> {
        let rows = self.read().await?.all(&COVERED, Span::between(from, to).args(account)).await?;
        let mut costs = Vec::new();
        for row in rows {
            let Some(kind) = UsageKind::from_word(&row.text("kind")?) else { continue };
            costs.push(KindCost {
                kind,
                entries: row.number("n")?,
                quantity: row.int("quantity")?,
                amount_micros: row.int("amount_micros")?,
            });
        }
        costs.sort_by_key(|cost| cost.kind.as_str());
        Ok(costs)
    }

    /// Every number the account holds, and those it gave back that were used;
    /// newest first.
    pub async fn usage_by_number(&self, account: &AccountId) -> Result<Vec<NumberUsage>, StoreError> {
        let mut conn = self.read().await?;
        let mut sums = grouped(&conn.all(&BY_NUMBER, args![account]).await?, "number_id")?;
        let mut numbers = Vec::new();
        for row in conn.all(&NUMBERS, args![account]).await? {
            let id: NumberId = row.id("id")?;
            let status = row.word("status", NumberStatus::from_word)?;
            let sums = sums.remove(id.as_str());
            if status == NumberStatus::Released && sums.is_none() {
                continue;
            }
            numbers.push(NumberUsage {
                id,
                phone_number: row.text("phone_number")?,
                country: row.text("country")?,
                status,
                agent_id: row.opt_id("agent_id")?,
                agent_name: row.opt_text("agent_name")?,
                sums: sums.unwrap_or_default(),
            });
        }
        Ok(numbers)
    }

    /// Every agent the account has, newest first; then those it deleted, and
    /// no agent, where they did something in that time.
    pub async fn usage_by_agent(
        &self,
        account: &AccountId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<AgentUsage>, StoreError> {
        let mut conn = self.read().await?;
        let mut sums =
            grouped(&conn.all(&BY_AGENT, Span::between(from, to).args(account)).await?, "agent_id")?;
        let mut agents = Vec::new();
        for row in conn.all(&AGENTS, args![account]).await? {
            let id: AgentId = row.id("id")?;
            let sums = sums.remove(id.as_str()).unwrap_or_default();
            agents.push(AgentUsage { id: Some(id), name: Some(row.text("name")?), is_orphan: false, sums });
        }
        let nobody = sums.remove("");
        for (id, sums) in sums {
            let name = deleted_name(&mut conn, account, &id).await?;
            agents.push(AgentUsage { id: Some(id.into()), name, is_orphan: true, sums });
        }
        let nobody = nobody.filter(|sums| *sums != UsageSums::default());
        agents.extend(nobody.map(|sums| AgentUsage { id: None, name: None, is_orphan: true, sums }));
        Ok(agents)
    }
}

async fn deleted_name(conn: &mut Conn, account: &AccountId, id: &str) -> Result<Option<String>, StoreError> {
    conn.optional(&DELETED_AGENT, args![account, id]).await?.map(|row| row.text("name")).transpose()
}

/// Sums by the value of a column, in its order.
fn grouped(rows: &[Row], column: &str) -> Result<std::collections::BTreeMap<String, UsageSums>, StoreError> {
    let mut sums = std::collections::BTreeMap::<String, UsageSums>::new();
    for row in rows {
        sums.entry(row.text(column)?).or_default().add(row)?;
    }
    Ok(sums)
}

impl UsageSums {
    fn of(rows: &[Row]) -> Result<Self, StoreError> {
        let mut sums = Self::default();
        rows.iter().try_for_each(|row| sums.add(row))?;
        Ok(sums)
    }

    /// Adds a row of `kind`, `n` and `quantity`.
    fn add(&mut self, row: &Row) -> Result<(), StoreError> {
        let (n, quantity): (u64, u64) = (row.number("n")?, row.number("quantity")?);
        match row.text("kind")?.as_str() {
            CALL => self.calls += n,
            CALL_COMPLETED => {
                self.completed_calls += n;
                self.completed_seconds += quantity;
            }
            DELIVERY => self.deliveries += n,
            DELIVERY_SUCCESS => self.delivered += n,
            DELIVERY_FAILED => self.undelivered += n,
            word => match UsageKind::from_word(word) {
                Some(UsageKind::VoiceWebhook | UsageKind::VoiceHosted) => self.voice_seconds += quantity,
                Some(kind) if UsageKind::MESSAGES.contains(&kind) => {
                    self.messages += n;
                    if kind == UsageKind::MessageSms {
                        self.sms_segments += quantity;
                    }
                }
                _ => {}
            },
        }
        Ok(())
    }
}
