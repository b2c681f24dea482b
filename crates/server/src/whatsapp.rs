//! WhatsApp business accounts: connected through the carrier, kept in the
//! store (contract §17).

use offhook_carriers::{
    CarrierError,
    whatsapp::{SubmittedTemplate, Whatsapp, WhatsappGrant, WhatsappNumber},
};
use offhook_model::{
    e164::E164,
    id::{AccountId, AgentId, NumberId, TemplateId, WhatsappConnectionId},
    number::Number,
    whatsapp::TemplateStatus,
};
use offhook_store::{
    Bind, MAX_TEMPLATES, NewBinding, NewTemplate, Page, TemplateFilter, WhatsappConnection, WhatsappTemplate,
};

use crate::{api::v1::agents, app::App, error::ApiError};

/// Most numbers of an account that are offered to WhatsApp.
const HELD: Page = Page { limit: 1_000, offset: 0 };

/// What sign-up gave, and what to do with it.
#[derive(Debug, Clone)]
pub struct Connect {
    /// The grant.
    pub grant: WhatsappGrant,
    /// A number to bind at once, by WhatsApp's name of it.
    pub phone_number_id: Option<String>,
    /// The agent that numbers without one get when they are bound.
    pub agent_id: Option<AgentId>,
}

/// Connects a business account; again, with the same id.
///
/// # Errors
/// 400 where the carrier has no WhatsApp, or it refuses the code; 404 for an
/// unknown agent, or a number the business account does not have (the
/// connection stands then).
pub async fn connect(app: &App, account: &AccountId, asked: Connect) -> Result<WhatsappConnection, ApiError> {
    let network = network(app)?;
    if let Some(agent) = &asked.agent_id {
        app.store().agent(account, agent).await?.ok_or_else(agents::unknown)?;
    }
    let granted = network.connect(&asked.grant).await.map_err(refused)?;
    let now = app.now();
    let new = WhatsappConnection {
        id: WhatsappConnectionId::new(now, rand::random()),
        account_id: account.clone(),
        waba_id: granted.waba_id,
        business_id: granted.business_id,
        agent_id: asked.agent_id,
        created_at: now,
    };
    let connection = app.store().put_whatsapp_connection(&new).await?;
    tracing::info!(connection.id = %connection.id, "whatsapp connected");
    if let Some(number) = &asked.phone_number_id {
        bind(app, account, &connection, number, None).await?;
    }
    Ok(connection)
}

/// The account's connection of this id.
///
/// # Errors
/// 404 when there is none.
pub async fn find(
    app: &App,
    account: &AccountId,
    id: &WhatsappConnectionId,
) -> Result<WhatsappConnection, ApiError> {
    app.store().whatsapp_connection(account, id).await?.ok_or_else(unknown)
}

/// Numbers of the business account that are not bound yet.
///
/// # Errors
/// 400 where the carrier has no WhatsApp, 502 when it fails.
pub async fn available(
    app: &App,
    account: &AccountId,
    connection: &WhatsappConnection,
) -> Result<Vec<WhatsappNumber>, ApiError> {
    let held = app.store().numbers(account, HELD).await?.data;
    let free: Vec<E164> =
        held.into_iter().filter(|n| n.whatsapp.is_none()).map(|number| number.phone_number).collect();
    let mut numbers = network(app)?.numbers(&connection.waba_id, &free).await.map_err(refused)?;
    numbers.retain(|number| free.contains(&number.number));
    Ok(numbers)
}

/// Lets a number we hold send by WhatsApp.
///
/// # Errors
/// 404 for a number the business account does not have, or an unknown agent;
/// 400 where the carrier has no WhatsApp.
pub async fn bind(
    app: &App,
    account: &AccountId,
    connection: &WhatsappConnection,
    phone_number_id: &str,
    agent: Option<AgentId>,
) -> Result<Number, ApiError> {
    let held = app.store().numbers(account, HELD).await?.data;
    let numbers: Vec<E164> = held.iter().map(|number| number.phone_number.clone()).collect();
    let offered = network(app)?.numbers(&connection.waba_id, &numbers).await.map_err(refused)?;
    let number = offered
        .into_iter()
        .find(|number| number.phone_number_id == phone_number_id)
        .and_then(|offered| held.iter().find(|held| held.phone_number == offered.number))
        .ok_or_else(ApiError::number_not_found)?;
    let new = NewBinding {
        connection: connection.id.clone(),
        number: number.id.clone(),
        phone_number_id: phone_number_id.to_owned(),
        agent,
        at: app.now(),
    };
    match app.store().bind_whatsapp_number(account, new).await? {
        Bind::Bound(number) => Ok(*number),
        Bind::ConnectionMissing => Err(unknown()),
        Bind::NumberMissing => Err(ApiError::number_not_found()),
        Bind::AgentMissing => Err(agents::unknown()),
    }
}

/// Templates of a connection as WhatsApp judges them now.
///
/// # Errors
/// 400 where the carrier has no WhatsApp, 502 when it fails.
pub async fn templates(
    app: &App,
    account: &AccountId,
    connection: &WhatsappConnection,
    filter: &TemplateFilter,
) -> Result<Vec<WhatsappTemplate>, ApiError> {
    let undecided = TemplateFilter {
        status: Some(TemplateStatus::Pending),
        name: filter.name.clone(),
        category: filter.category,
        language: filter.language.clone(),
    };
    let network = network(app)?;
    for template in app.store().whatsapp_templates(account, &connection.id, &undecided).await? {
        let asked = submitted(&template);
        let verdict =
            network.template_verdict(&connection.waba_id, &asked, app.now()).await.map_err(refused)?;
        if verdict.status != TemplateStatus::Pending {
            let (status, reason) = (verdict.status, verdict.reason);
            app.store().judge_whatsapp_template(account, &template.id, status, reason).await?;
        }
    }
    Ok(app.store().whatsapp_templates(account, &connection.id, filter).await?)
}

/// Submits a template.
///
/// # Errors
/// 409 when there is one of this name and language, or as many as WhatsApp
/// allows; 400 where the carrier has no WhatsApp, or it refuses the template.
pub async fn submit(
    app: &App,
    connection: &WhatsappConnection,
    mut template: WhatsappTemplate,
) -> Result<WhatsappTemplate, ApiError> {
    let network = network(app)?;
    let duplicate = || ApiError::conflict("A template of this name and language already exists");
    let same = TemplateFilter {
        name: Some(template.name.clone()),
        language: Some(template.language.clone()),
        ..TemplateFilter::default()
    };
    // Before WhatsApp is asked, which would be left with one we do not know.
    if !app.store().whatsapp_templates(&template.account_id, &connection.id, &same).await?.is_empty() {
        return Err(duplicate());
    }
    app.store().about_to_act().await?;
    let verdict =
        network.submit_template(&connection.waba_id, &submitted(&template)).await.map_err(refused)?;
    template.status = verdict.status;
    template.rejected_reason = verdict.reason;
    match app.store().create_whatsapp_template(&template).await? {
        NewTemplate::Stored => Ok(template),
        NewTemplate::Duplicate => Err(duplicate()),
        NewTemplate::Full => {
            Err(ApiError::conflict(format!("{MAX_TEMPLATES} templates are the most allowed")))
        }
        NewTemplate::ConnectionMissing => Err(unknown()),
    }
}

/// Takes a template back, in all its languages, or with `id` in one.
///
/// # Errors
/// 404 when there is none; 400 where the carrier has no WhatsApp.
pub async fn withdraw(
    app: &App,
    account: &AccountId,
    connection: &WhatsappConnection,
    name: &str,
    id: Option<&TemplateId>,
) -> Result<(), ApiError> {
    let missing = || ApiError::not_found("Template not found");
    let filter = TemplateFilter { name: Some(name.to_owned()), ..TemplateFilter::default() };
    let known = app.store().whatsapp_templates(account, &connection.id, &filter).await?;
    let meant = known.iter().find(|template| id.is_none_or(|id| *id == template.id)).ok_or_else(missing)?;
    let language = id.map(|_| meant.language.as_str());
    network(app)?.delete_template(&connection.waba_id, name, language).await.map_err(refused)?;
    match app.store().delete_whatsapp_templates(account, &connection.id, name, id).await? {
        0 => Err(missing()),
        _ => Ok(()),
    }
}

/// Checks that a number may send this template.
///
/// # Errors
/// 400 when the number has no WhatsApp, the template is unknown, or it is not
/// approved.
pub async fn check_template(
    app: &App,
    account: &AccountId,
    number: &NumberId,
    name: &str,
    language: &str,
) -> Result<(), ApiError> {
    let binding = app.store().whatsapp_binding(account, number).await?;
    let binding = binding.ok_or_else(|| ApiError::bad_request("The number is not connected to WhatsApp"))?;
    let connection = find(app, account, &binding.connection).await?;
    let filter = TemplateFilter {
        name: Some(name.to_owned()),
        language: Some(language.to_owned()),
        ..TemplateFilter::default()
    };
    let known = templates(app, account, &connection, &filter).await?;
    let Some(template) = known.first() else {
        return Err(ApiError::bad_request(format!("There is no template {name} in {language}")));
    };
    match template.status {
        TemplateStatus::Approved => Ok(()),
        TemplateStatus::Pending | TemplateStatus::Rejected => {
            let status = template.status.as_str().to_lowercase();
            Err(ApiError::bad_request(format!("The template {name} is {status}, not approved")))
        }
    }
}

/// The 404 of connections.
#[must_use]
pub fn unknown() -> ApiError {
    ApiError::not_found("WhatsApp connection not found")
}

fn network(app: &App) -> Result<&dyn Whatsapp, ApiError> {
    let carrier = app.carrier();
    carrier
        .whatsapp()
        .ok_or_else(|| CarrierError::Unsupported { carrier: carrier.name(), what: "WhatsApp" }.into())
}

/// What WhatsApp will not have is the client's to mend, not the carrier's.
fn refused(error: CarrierError) -> ApiError {
    match error {
        CarrierError::Refused { carrier, reason } => {
            ApiError::bad_request(format!("{carrier} refused: {reason}"))
        }
        other => other.into(),
    }
}

fn submitted(template: &WhatsappTemplate) -> SubmittedTemplate {
    SubmittedTemplate {
        name: template.name.clone(),
        language: template.language.clone(),
        category: template.category,
        body: template.body.clone(),
        at: template.created_at,
    }
}
