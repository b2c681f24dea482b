//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A phone system for AI agents that you run yourself.
#[derive(Debug, Parser)]
#[command(name = "offhook", version, propagate_version = true)]
pub struct Cli {
    /// Settings file (TOML); `offhook config show` prints every key.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer calls and serve the API until SIGTERM, then drain.
    Serve {
        /// What this process does. This version runs everything in one.
        #[arg(long, value_enum, default_value = "all")]
        role: Role,
    },
    /// Play one complete call on this machine: no account, no key, no network.
    Demo {
        /// Where the recording goes.
        #[arg(long, value_name = "FILE", default_value = "offhook-demo.wav")]
        recording: PathBuf,
    },
    /// Check settings, ports, database, speech engines and model.
    Doctor {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check or show the settings.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Make, list and revoke API keys.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Add to prepaid balances, and show them.
    Billing {
        #[command(subcommand)]
        command: BillingCommand,
    },
    /// Decide on 10DLC registrations.
    Registrations {
        #[command(subcommand)]
        command: RegistrationsCommand,
    },
    /// Read what users wrote.
    Feedback {
        #[command(subcommand)]
        command: FeedbackCommand,
    },
    /// Watch deliveries to webhooks, send them again, make some up.
    Webhooks {
        #[command(flatten)]
        at: ApiArgs,
        #[command(subcommand)]
        command: WebhooksCommand,
    },
    /// Check the audit log.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Look at and rotate the master key that secrets are sealed under.
    Secrets {
        #[command(subcommand)]
        command: SecretsCommand,
    },
    /// Copy database, recordings and media; a server may be running.
    Backup {
        /// Where to: a directory that is empty, or not there yet.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put a backup back, while no server runs.
    Restore {
        /// The directory that `backup` made.
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// Replace a database that is there; it is set aside.
        #[arg(long)]
        force: bool,
    },
    /// Print the version.
    Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    All,
    Api,
    Media,
    Worker,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say everything that is wrong with the settings.
    Check,
    /// Print the settings in force, secrets hidden.
    Show,
}

#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Show the keys' ids, and how much is sealed under each.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Seal everything under a new key, while a server runs.
    Rotate {
        /// Drop older keys once nothing needs them; older backups do.
        #[arg(long)]
        forget_old: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check every account's chain of hashes; fails when one is broken.
    Verify {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and print it; it is shown this once.
    Create {
        /// What it is for.
        #[arg(long, default_value = "")]
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List keys, without the keys themselves.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Switch a key off.
    Revoke {
        /// The key's id, as `keys list` shows it.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum BillingCommand {
    /// Add to an account's balance; a negative amount corrects.
    Credit {
        /// Whose; not given, the first account. A sub-account's parent pays.
        #[arg(long)]
        account: Option<String>,
        /// How much, e.g. 25 or 9.50.
        #[arg(long, allow_hyphen_values = true)]
        amount: String,
        /// What for; kept with the credit.
        #[arg(long, default_value = "")]
        note: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what an account has left.
    Show {
        /// Whose; not given, the first account.
        #[arg(long)]
        account: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum RegistrationsCommand {
    /// List every account's, oldest first.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let the account's US numbers text.
    Approve {
        /// The registration's id, as `registrations list` shows it.
        id: String,
    },
    /// Refuse, or take an approval back.
    Reject {
        /// The registration's id, as `registrations list` shows it.
        id: String,
        /// Why, for its owner.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum FeedbackCommand {
    /// List the latest, newest first.
    List {
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Which server, and whose key.
#[derive(Debug, Args)]
pub struct ApiArgs {
    /// Where the server is; by default what the settings say.
    #[arg(long, global = true, value_name = "URL", env = "OFFHOOK_URL")]
    pub url: Option<String>,
    /// An API key; by default auth.bootstrap_key of the settings.
    #[arg(long, global = true, value_name = "KEY", env = "OFFHOOK_API_KEY", hide_env_values = true)]
    pub key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// Print deliveries as they are made, until Ctrl-C.
    Tail(TailArgs),
    /// Send deliveries again, each under its old id.
    Replay(ReplayArgs),
    /// Send a made-up event the way of real ones.
    Trigger(TriggerArgs),
}

#[derive(Debug, Args)]
pub struct TailArgs {
    /// Post each body once more to this address, signed anew.
    #[arg(long, value_name = "URL")]
    pub forward: Option<String>,
    /// Only events of this agent.
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// One delivery: what receivers get as X-Webhook-ID.
    #[arg(conflicts_with_all = ["since", "until", "event", "agent"])]
    pub id: Option<String>,
    /// Of events from this moment on (2025-01-15T10:30:00Z), or of so long ago (2h).
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Of events before this moment; now by default.
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Those that were given up, or those that arrived.
    #[arg(long, default_value = "failed", value_parser = ["failed", "success"])]
    pub state: String,
    /// Only events of this kind.
    #[arg(long)]
    pub event: Option<String>,
    /// Only events of this agent.
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct TriggerArgs {
    /// message, call_ended, reaction or contact_shared.
    pub event: String,
    /// The agent it is about; its own webhook gets it, if it has one.
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// Who writes or calls.
    #[arg(long)]
    pub from: Option<String>,
    /// The number written to or called.
    #[arg(long)]
    pub to: Option<String>,
    /// The words.
    #[arg(long)]
    pub message: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
