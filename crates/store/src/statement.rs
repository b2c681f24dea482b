//! Statements: one text for both databases.
//!
//! What only PostgreSQL has is written as `/*pg: … */`, a comment to SQLite:
//! row locks and shards of counters, which SQLite's single writer does not need.

use std::sync::OnceLock;

/// A named SQL text with arguments `$1`, `$2`, ….
pub(crate) struct Statement {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
    postgres: OnceLock<Box<str>>,
}

impl Statement {
    pub(crate) const fn new(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql, postgres: OnceLock::new() }
    }

    /// The text as PostgreSQL gets it.
    pub(crate) fn postgres(&'static self) -> &'static str {
        if !self.sql.contains("/*pg:") {
            return self.sql;
        }
        self.postgres.get_or_init(|| self.sql.replace("/*pg:", "").replace("*/", "").into())
    }
}

/// Declares a module's statements, and its `ALL` list of them.
macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(static $name: $crate::statement::Statement =
            $crate::statement::Statement::new(concat!(module_path!(), "::", stringify!($name)), $sql);)*
        #[cfg(test)]
        /// Every statement of this module, for the test that prepares them.
        pub(crate) static ALL: &[&$crate::statement::Statement] = &[$(&$name),*];
    };
}
pub(crate) use statements;

/// Every statement of the crate.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = &'static Statement> {
    [
        crate::accounts::ALL,
        crate::agents::ALL,
        crate::agents::with_numbers::ALL,
        crate::api_keys::ALL,
        crate::audit::append::ALL,
        crate::audit::list::ALL,
        crate::audit::verify::ALL,
        crate::backend::ALL,
        crate::bulk::ALL,
        crate::backgrounds::ALL,
        crate::calls::ALL,
        crate::calls::counts::ALL,
        crate::calls::end::ALL,
        crate::calls::exchange::ALL,
        crate::calls::insert::ALL,
        crate::calls::list::ALL,
        crate::calls::list::days::ALL,
        crate::calls::lost::ALL,
        crate::calls::turns::ALL,
        crate::contact_cards::ALL,
        crate::contacts::ALL,
        crate::conversations::ALL,
        crate::conversations::strangers::ALL,
        crate::conversations::counts::ALL,
        crate::conversations::list::ALL,
        crate::locations::ALL,
        crate::messages::replies::ALL,
        crate::reactions::ALL,
        crate::erasure::answers::ALL,
        crate::erasure::calls::ALL,
        crate::erasure::deliveries::ALL,
        crate::erasure::messages::ALL,
        crate::erasure::people::ALL,
        crate::erasure::records::ALL,
        crate::erasure::settings::ALL,
        crate::erasure::verify::ALL,
        crate::events::ALL,
        crate::events::claim::ALL,
        crate::events::due::ALL,
        crate::events::log::ALL,
        crate::events::record::ALL,
        crate::events::replay::ALL,
        crate::events::stats::ALL,
        crate::media::ALL,
        crate::messages::ALL,
        crate::messages::list::ALL,
        crate::messages::queue::ALL,
        crate::messages::receipt::ALL,
        crate::messages::receive::ALL,
        crate::messages::send::ALL,
        crate::messages::thread::ALL,
        crate::feedback::ALL,
        crate::health::ALL,
        crate::idempotency::ALL,
        crate::migrate::ALL,
        crate::numbers::ALL,
        crate::numbers::attach::ALL,
        crate::numbers::insert::ALL,
        crate::numbers::months::ALL,
        crate::numbers::release::ALL,
        crate::numbers::route::ALL,
        crate::opt_outs::ALL,
        crate::usage::ALL,
        crate::usage::balance::ALL,
        crate::usage::report::ALL,
        crate::usage::tally::ALL,
        crate::registrations::ALL,
        crate::sign_ups::ALL,
        crate::sip_trunks::ALL,
        crate::vault::check::ALL,
        crate::vault::columns::ALL,
        crate::vault::pseudonym::ALL,
        crate::verifications::ALL,
        crate::sub_accounts::ALL,
        crate::webhooks::ALL,
        crate::whatsapp::ALL,
        crate::whatsapp::templates::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}
