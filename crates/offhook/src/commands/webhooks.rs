//! `offhook webhooks tail|replay|trigger`: clients of the REST API, for people
//! who build a receiver.

mod api;
mod replay;
mod tail;
mod trigger;

use std::process::ExitCode;

use crate::{
    cli::{ApiArgs, WebhooksCommand},
    config::Config,
};
use api::Api;

pub async fn run(config: &Config, at: ApiArgs, command: WebhooksCommand) -> anyhow::Result<ExitCode> {
    let api = Api::find(config, at)?;
    match command {
        WebhooksCommand::Tail(args) => tail::run(&api, &args).await,
        WebhooksCommand::Replay(args) => replay::run(&api, &args).await,
        WebhooksCommand::Trigger(args) => trigger::run(&api, &args).await,
    }
}
