//! All SQL, migrations and blobs.
//!
//! One [`Store`] speaks to SQLite or PostgreSQL with the same statements.
//! Every operation on a tenant's data takes the account's id; another
//! tenant's row behaves as if it did not exist.

mod accounts;
mod agents;
mod api_keys;
mod audit;
mod backend;
mod backgrounds;
mod backup;
mod blobs;
#[cfg(any(test, feature = "bulk"))]
mod bulk;
mod calls;
mod codes;
mod conn;
mod contact_cards;
mod contacts;
mod conversations;
mod erasure;
mod error;
mod events;
mod failpoint;
mod feedback;
mod health;
mod idempotency;
mod key;
mod like;
mod locations;
mod media;
mod messages;
mod migrate;
mod numbers;
mod opt_outs;
mod page;
mod reactions;
mod registrations;
mod row;
mod sign_ups;
mod sip_trunks;
mod statement;
mod sub_accounts;
mod ticket;
mod usage;
mod value;
mod vault;
mod verifications;
mod webhooks;
mod whatsapp;
mod writer;

#[cfg(test)]
mod tests;

pub use accounts::{Account, Bootstrap, KeyPolicy};
pub use agents::with_numbers::AgentWithNumbers;
pub use api_keys::{ApiKey, Authenticated};
pub use audit::{
    AuditEntry, AuditSource, StoredAuditEntry,
    list::{AuditFilter, AuditPage},
    verify::{AuditFault, AuditVerdict},
};
pub use backend::{Db, Store, StoreOptions};
pub use backgrounds::{Background, NewBackground};
pub use backup::{check_sqlite, copy_sqlite};
pub use blobs::{Blob, BlobError, Blobs, MediaWriter};
#[cfg(any(test, feature = "bulk"))]
pub use bulk::Bulk;
pub use calls::{
    Call, CallService, StoredTurn,
    end::EndCall,
    insert::{CallTerms, InsertCallError},
    list::{CallFilter, CallSummary},
};
pub use codes::{CODE_TRIES, CodeHash, CodeTry};
pub use contact_cards::ContactCard;
pub use contacts::{Contact, ContactChange, ContactPatch};
pub use conversations::Conversation;
pub use erasure::{AboutDeliveries, DELETED, Deletion, DeliveryCursor, ErasableCall, ErasableMessage};
pub use error::StoreError;
pub use events::{
    Attempt, ClaimedEvent, Delivery, DeliveryStatus, Endpoint, Lane, Lease, NewEvent, Verdict,
    due::DueEvent,
    log::{DeliveryFilter, DeliveryPage, PastAttempt},
    replay::{Replay, ReplayFilter},
    stats::DeliveryCount,
};
pub use failpoint::Failpoint;
pub use feedback::Feedback;
pub use idempotency::{Claimed, EarlierRequest, IdempotencyClaim, IdempotencyScope, StoredAnswer};
pub use key::{ApiKeySecret, KeyHash};
pub use locations::Location;
pub use media::StoredMedia;
pub use messages::{
    list::{CursorPage, CursorPaged, Position},
    queue::{SendClaim, SendOutcome, UNCONFIRMED, UNCONFIRMED_CODE},
    receipt::{NewReceipt, Receipted},
    receive::{Arrival, KeywordEffect, NewArrival, Received, Tell},
    send::{NewSend, Sending},
    thread::{ThreadKey, With},
};
pub use numbers::{
    NumberPatch,
    attach::Attach,
    insert::{InsertNumberError, NumberTerms},
    months::UnpaidNumber,
    release::Release,
    route::InboundRoute,
};
pub use page::{Page, Paged};
pub use reactions::{NewReaction, Reaction};
pub use registrations::{EditRegistration, SubmitRegistration};
pub use sign_ups::{FinishSignUp, Newcomer, SignUp};
pub use sip_trunks::TrunkPatch;
pub use sub_accounts::{DeleteSubAccount, SubAccount, SubAccountStats};
pub use ticket::Ticket;
pub use usage::{
    Charged,
    balance::Balance,
    report::{AgentUsage, KindCost, NumberUsage, UsageSums},
};
pub use vault::{KeyStatus, Keys, MasterKey, Rotation, SealedCount};
pub use verifications::NewVerification;
pub use whatsapp::{
    Bind, NewBinding, WhatsappBinding, WhatsappConnection,
    templates::{MAX_TEMPLATES, NewTemplate, TemplateFilter, WhatsappTemplate},
};
