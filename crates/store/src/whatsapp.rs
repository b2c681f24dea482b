//! WhatsApp business accounts and the numbers bound to them (contract §17).

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, NumberId, WhatsappConnectionId},
    number::Number,
};

use crate::{Store, StoreError, agents, numbers, row::Row, statement::statements, value::args};

pub(crate) mod templates;

/// A WhatsApp business account that an account uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatsappConnection {
    /// Its id.
    pub id: WhatsappConnectionId,
    /// Its owner.
    pub account_id: AccountId,
    /// WhatsApp's name of it.
    pub waba_id: String,
    /// The business that owns it there.
    pub business_id: Option<String>,
    /// The agent that numbers without one get when they are bound.
    pub agent_id: Option<AgentId>,
    /// When it was first connected.
    pub created_at: Timestamp,
}

/// A number's place at WhatsApp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatsappBinding {
    /// The connection it sends through.
    pub connection: WhatsappConnectionId,
    /// WhatsApp's name of the business account.
    pub waba_id: String,
    /// WhatsApp's name of the number.
    pub phone_number_id: String,
}

/// A number that is to be bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBinding {
    /// The connection.
    pub connection: WhatsappConnectionId,
    /// The number.
    pub number: NumberId,
    /// WhatsApp's name of the number.
    pub phone_number_id: String,
    /// The agent to attach it to; none: the connection's, if the number has none.
    pub agent: Option<AgentId>,
    /// When.
    pub at: Timestamp,
}

/// What came of binding a number.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    /// The number sends through the connection now.
    Bound(Box<Number>),
    /// The account has no such connection.
    ConnectionMissing,
    /// The account does not hold this number.
    NumberMissing,
    /// The account has no such agent.
    AgentMissing,
}

statements! {
    PUT = "INSERT INTO whatsapp_connections (id, account_id, waba_id, business_id, agent_id, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (account_id, waba_id) DO UPDATE SET
        business_id = COALESCE(excluded.business_id, whatsapp_connections.business_id),
        agent_id = COALESCE(excluded.agent_id, whatsapp_connections.agent_id)
        RETURNING *";
    BY_ID = "SELECT * FROM whatsapp_connections WHERE account_id = $1 AND id = $2";
    BY_ID_LOCKED = "SELECT * FROM whatsapp_connections WHERE account_id = $1 AND id = $2 /*pg: FOR UPDATE */";
    LIST = "SELECT * FROM whatsapp_connections WHERE account_id = $1 ORDER BY created_at, id";
    DELETE = "DELETE FROM whatsapp_connections WHERE account_id = $1 AND id = $2";
    DROP_TEMPLATES = "DELETE FROM whatsapp_templates WHERE account_id = $1 AND connection_id = $2";
    UNBIND = "UPDATE numbers SET whatsapp_connection_id = NULL, whatsapp_phone_number_id = NULL
        WHERE account_id = $1 AND whatsapp_connection_id = $2";
    HELD = "SELECT * FROM numbers WHERE account_id = $1 AND id = $2 AND status = 'active' /*pg: FOR UPDATE */";
    BIND = "UPDATE numbers SET whatsapp_connection_id = $3, whatsapp_phone_number_id = $4,
        attached_at = CASE WHEN $5 THEN $7 ELSE attached_at END,
        agent_id = CASE WHEN $5 THEN CAST($6 AS TEXT) ELSE agent_id END
        WHERE account_id = $1 AND id = $2 RETURNING *";
    BOUND = "SELECT * FROM numbers WHERE account_id = $1 AND whatsapp_connection_id = $2 ORDER BY id";
    BINDING = "SELECT c.id, c.waba_id, n.whatsapp_phone_number_id FROM numbers n
        JOIN whatsapp_connections c ON c.id = n.whatsapp_connection_id
        WHERE n.account_id = $1 AND n.id = $2 AND n.status = 'active'";
}

impl Store {
    /// Stores a connection. The same business account connected again keeps
    /// its id; the stored form is answered.
    pub async fn put_whatsapp_connection(
        &self,
        new: &WhatsappConnection,
    ) -> Result<WhatsappConnection, StoreError> {
        let args = args![
            &new.id,
            &new.account_id,
            &new.waba_id,
            new.business_id.clone(),
            new.agent_id.as_ref(),
            new.created_at
        ];
        self.write(move |tx| {
            let args = args.clone();
            Box::pin(async move { from_row(&tx.one(&PUT, args).await?) })
        })
        .await
    }

    /// A connection of this account.
    pub async fn whatsapp_connection(
        &self,
        account: &AccountId,
        id: &WhatsappConnectionId,
    ) -> Result<Option<WhatsappConnection>, StoreError> {
        self.read().await?.optional(&BY_ID, args![account, id]).await?.as_ref().map(from_row).transpose()
    }

    /// The account's connections, oldest first.
    pub async fn whatsapp_connections(
        &self,
        account: &AccountId,
    ) -> Result<Vec<WhatsappConnection>, StoreError> {
        self.read().await?.all(&LIST, args![account]).await?.iter().map(from_row).collect()
    }

    /// Ends a connection: its numbers lose WhatsApp, its templates are
    /// forgotten. False when the account has no such connection.
    pub async fn delete_whatsapp_connection(
        &self,
        account: &AccountId,
        id: &WhatsappConnectionId,
    ) -> Result<bool, StoreError> {
        let (account, id) = (account.clone(), id.clone());
        self.write(move |tx| {
            let (account, id) = (account.clone(), id.clone());
            Box::pin(async move {
                if tx.optional(&BY_ID_LOCKED, args![&account, &id]).await?.is_none() {
                    return Ok(false);
                }
                for statement in [&UNBIND, &DROP_TEMPLATES, &DELETE] {
                    tx.execute(statement, args![&account, &id]).await?;
                }
                Ok(true)
            })
        })
        .await
    }

    /// Lets a number send through a connection.
    pub async fn bind_whatsapp_number(
        &self,
        account: &AccountId,
        new: NewBinding,
    ) -> Result<Bind, StoreError> {
        let account = account.clone();
        self.write(move |tx| {
            let (account, new) = (account.clone(), new.clone());
            Box::pin(async move {
                let Some(row) = tx.optional(&BY_ID_LOCKED, args![&account, &new.connection]).await? else {
                    return Ok(Bind::ConnectionMissing);
                };
                let connection = from_row(&row)?;
                let Some(row) = tx.optional(&HELD, args![&account, &new.number]).await? else {
                    return Ok(Bind::NumberMissing);
                };
                let held = numbers::from_row(row)?;
                let mut agent = new.agent.clone();
                match &agent {
                    Some(asked) if !agents::hold(tx, &account, asked).await? => {
                        return Ok(Bind::AgentMissing);
                    }
                    Some(_) => {}
                    // The connection's agent may have been deleted since.
                    None => {
                        if let Some(default) = connection.agent_id.filter(|_| held.agent_id.is_none())
                            && agents::hold(tx, &account, &default).await?
                        {
                            agent = Some(default);
                        }
                    }
                }
                // Attached to the agent it has already, it keeps its place as caller id.
                let moves = agent.is_some() && agent != held.agent_id;
                let args = args![
                    &account,
                    &new.number,
                    &new.connection,
                    &new.phone_number_id,
                    moves,
                    agent.as_ref(),
                    new.at
                ];
                Ok(Bind::Bound(Box::new(numbers::from_row(tx.one(&BIND, args).await?)?)))
            })
        })
        .await
    }

    /// The numbers bound to a connection.
    pub async fn whatsapp_numbers(
        &self,
        account: &AccountId,
        connection: &WhatsappConnectionId,
    ) -> Result<Vec<Number>, StoreError> {
        let rows = self.read().await?.all(&BOUND, args![account, connection]).await?;
        rows.into_iter().map(numbers::from_row).collect()
    }

    /// A held number's place at WhatsApp; none when it is not bound.
    pub async fn whatsapp_binding(
        &self,
        account: &AccountId,
        number: &NumberId,
    ) -> Result<Option<WhatsappBinding>, StoreError> {
        let row = self.read().await?.optional(&BINDING, args![account, number]).await?;
        row.map(|row| {
            Ok(WhatsappBinding {
                connection: row.id("id")?,
                waba_id: row.text("waba_id")?,
                phone_number_id: row.text("whatsapp_phone_number_id")?,
            })
        })
        .transpose()
    }
}

fn from_row(row: &Row) -> Result<WhatsappConnection, StoreError> {
    Ok(WhatsappConnection {
        id: row.id("id")?,
        account_id: row.id("account_id")?,
        waba_id: row.text("waba_id")?,
        business_id: row.opt_text("business_id")?,
        agent_id: row.opt_id("agent_id")?,
        created_at: row.time("created_at")?,
    })
}
