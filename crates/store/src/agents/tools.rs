//! The secrets inside agents' settings: headers of their tools.

use offhook_model::{agent::AgentSettings, id::AgentId};

use crate::{
    StoreError,
    conn::Conn,
    row::{Row, to_json},
    vault::{
        Place,
        columns::{Change, Column},
    },
};

/// Settings as stored, headers sealed.
pub(crate) async fn sealed(
    tx: &mut Conn,
    agent: &AgentId,
    settings: &AgentSettings,
) -> Result<String, StoreError> {
    let headers = settings.custom_tools.iter().filter_map(|tool| tool.headers.as_ref());
    if headers.into_iter().all(|headers| headers.is_empty()) {
        return to_json(settings);
    }
    let sealer = tx.sealer().await?;
    let mut settings = settings.clone();
    each_header(agent.as_str(), &mut settings, &mut |place, value| Ok(Some(sealer.seal(place, value))))?;
    to_json(&settings)
}

/// Settings as they were set.
pub(crate) fn opened(row: &Row, column: &str, agent: &AgentId) -> Result<AgentSettings, StoreError> {
    let mut settings: AgentSettings = row.json(column)?;
    each_header(agent.as_str(), &mut settings, &mut |place, value| row.vault().open(place, value).map(Some))?;
    Ok(settings)
}

/// Gives each header of each tool the value `change` answers; whether any changed.
pub(crate) fn each_header(
    agent: &str,
    settings: &mut AgentSettings,
    change: Change<'_>,
) -> Result<bool, StoreError> {
    let mut changed = false;
    for tool in &mut settings.custom_tools {
        for (header, value) in tool.headers.iter_mut().flatten() {
            let key = [agent, tool.name.as_str(), header.as_str()];
            let place: Place<'_> = Column::Agents.place(&key);
            if let Some(new) = change(&place, value)? {
                *value = new;
                changed = true;
            }
        }
    }
    Ok(changed)
}
