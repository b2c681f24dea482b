//! Message templates of WhatsApp (contract §17).

use crate::agent::words;

words! {
    /// Whether a template may be sent.
    TemplateStatus {
        /// WhatsApp has not judged it.
        #[default] Pending = "PENDING",
        /// It may be sent.
        Approved = "APPROVED",
        /// It may not.
        Rejected = "REJECTED",
    }
    /// What a template is for.
    TemplateCategory {
        /// Offers and news.
        Marketing = "MARKETING",
        /// Orders, appointments, accounts.
        #[default] Utility = "UTILITY",
        /// One-time codes.
        Authentication = "AUTHENTICATION",
    }
}
