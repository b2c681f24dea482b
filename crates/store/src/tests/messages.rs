use std::{collections::BTreeSet, sync::Arc, time::Duration};

use offhook_model::{
    id::{AccountId, ConversationId, MessageId, UsageId},
    message::{Channel, Message, MessageDirection, MessageStatus, Network},
    number::Number,
    usage::{LedgerEntry, Payment, UsageKind},
};
use rand::{RngExt as _, SeedableRng as _};

use super::{Fixture, account, at, number, on_both};
use crate::{
    CursorPage, NewArrival, NewReceipt, NewSend, Position, Receipted, Received, SendOutcome, Sending, Store,
    ThreadKey, With, conn::Conn, messages, statement::Statement,
};

on_both!(
    a_walk_by_cursor_is_the_whole_list,
    pages_are_ranges_of_an_index,
    another_tenants_messages_behave_as_missing,
    a_late_result_of_a_lost_lease_is_still_the_truth,
    two_nodes_never_claim_the_same_message,
);

/// A number of a new account.
async fn line(store: &Store) -> Number {
    let number = number(&account(store, "Ada").await, "+14155550100", 0);
    store.insert_number(&number, None).await.unwrap();
    number
}

fn message(number: &Number, direction: MessageDirection, second: i64) -> Message {
    Message {
        id: MessageId::new(at(second), rand::random()),
        account_id: number.account_id.clone(),
        conversation_id: "".into(),
        number_id: number.id.clone(),
        agent_id: None,
        direction,
        channel: Channel::Sms,
        from: "+15005550101".into(),
        to: "+14155550100".into(),
        sender: None,
        body: format!("at {second}"),
        media: Vec::new(),
        content: None,
        send_style: None,
        reply_to: None,
        carrier_id: None,
        segments: 1,
        is_automatic: false,
        status: MessageStatus::Queued,
        failure_reason: None,
        error_code: None,
        delivered_at: None,
        delivered_channel: None,
        read_at: None,
        at: at(second),
    }
}

fn thread(number: &Number, person: &str) -> ThreadKey {
    ThreadKey {
        account_id: number.account_id.clone(),
        number_id: number.id.clone(),
        phone_number: number.phone_number.to_string(),
        network: Network::Native,
        with: With::Person(person.into()),
        new_id: ConversationId::new(at(0), rand::random()),
    }
}

fn charge(message: &Message) -> LedgerEntry {
    LedgerEntry {
        id: UsageId::new(at(0), rand::random()),
        account_id: message.account_id.clone(),
        kind: UsageKind::MessageSms,
        quantity: 1,
        amount_micros: 0,
        agent_id: None,
        number_id: Some(message.number_id.clone()),
        subject: message.id.to_string(),
        at: message.at,
        payment: Payment::Metered,
    }
}

/// Stores a message that arrived at this second.
async fn arrive(store: &Store, number: &Number, second: i64) -> Message {
    let message = message(number, MessageDirection::Inbound, second);
    let arrival = NewArrival {
        charge: charge(&message),
        thread: thread(number, "+15005550101"),
        message,
        part: 0,
        media: Vec::new(),
        keyword: None,
        history: 0,
        tell: Arc::new(|_| Ok(None)),
    };
    match store.receive_message(arrival).await.unwrap() {
        Received::Stored { arrival, .. } => arrival.message,
        other => panic!("{other:?}"),
    }
}

/// Accepts a message that waits for its turn.
async fn queue(store: &Store, number: &Number, second: i64) -> MessageId {
    let message = message(number, MessageDirection::Outbound, second);
    let id = message.id.clone();
    let new = NewSend {
        charge: charge(&message),
        thread: thread(number, "+15005550101"),
        message,
        media: Vec::new(),
        spacing: Some(Duration::from_secs(3600)),
        owner: "api".into(),
        lease_until: at(second + 60),
    };
    assert!(matches!(store.send_message(new).await.unwrap(), Sending::Stored { .. }));
    id
}

async fn pages(
    store: &Store,
    account: &AccountId,
    number: &Number,
    page: CursorPage,
) -> (Vec<MessageId>, bool) {
    let paged = store.messages_of_number(account, &number.id, &page).await.unwrap();
    (paged.data.into_iter().map(|message| message.id).collect(), paged.has_more)
}

/// Many messages of few moments, so that most cursors stand among equals; any
/// page size, both directions.
async fn a_walk_by_cursor_is_the_whole_list(Fixture { store, .. }: Fixture) {
    let number = line(&store).await;
    let mut dice = rand::rngs::StdRng::seed_from_u64(7);
    for _ in 0..60 {
        arrive(&store, &number, dice.random_range(0..12)).await;
    }
    let account = number.account_id.clone();
    let all = CursorPage { limit: 200, before: None, after: None };
    let (all, more) = pages(&store, &account, &number, all).await;
    assert!(all.len() == 60 && !more);
    for limit in [1, 3, 7, 59, 60, 61] {
        let (mut down, mut before) = (Vec::new(), None);
        loop {
            let (ids, more) =
                pages(&store, &account, &number, CursorPage { limit, before, after: None }).await;
            before = store.message_position(&account, ids.last().unwrap()).await.unwrap();
            down.extend(ids);
            if !more {
                break;
            }
        }
        assert_eq!(down, all, "down by {limit}");
        let (mut up, mut after) = (Vec::new(), Some(Position::before(at(-1))));
        loop {
            let (ids, more) =
                pages(&store, &account, &number, CursorPage { limit, before: None, after }).await;
            after = store.message_position(&account, ids.first().unwrap()).await.unwrap();
            up.splice(0..0, ids);
            if !more {
                break;
            }
        }
        assert_eq!(up, all, "up by {limit}");
    }
    for second in 0..12 {
        let newer = CursorPage { limit: 200, before: None, after: Some(Position::after(at(second))) };
        let older = CursorPage { limit: 200, before: Some(Position::before(at(second))), after: None };
        let newer: BTreeSet<_> = pages(&store, &account, &number, newer).await.0.into_iter().collect();
        let older: BTreeSet<_> = pages(&store, &account, &number, older).await.0.into_iter().collect();
        let equal = store.messages_of_number(
            &account,
            &number.id,
            &CursorPage { limit: 200, before: None, after: None },
        );
        let equal = equal.await.unwrap().data.iter().filter(|message| message.at == at(second)).count();
        assert!(newer.is_disjoint(&older));
        assert_eq!(newer.len() + older.len() + equal, 60);
    }
}

async fn plan(conn: &mut Conn, statement: &'static Statement) -> String {
    conn.explain(statement).await.unwrap()
}

/// A page of a long list must not read the list.
async fn pages_are_ranges_of_an_index(Fixture { store, .. }: Fixture) {
    let number = line(&store).await;
    for second in 0..50 {
        arrive(&store, &number, second).await;
    }
    let mut conn = store.read().await.unwrap();
    for statement in messages::list::ALL.iter().filter(|statement| statement.sql.contains("LIMIT")) {
        let plan = plan(&mut conn, statement).await;
        assert!(plan.contains("messages_by_"), "{}: {plan}", statement.name);
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("Sort "), "{}: {plan}", statement.name);
    }
}

async fn another_tenants_messages_behave_as_missing(Fixture { store, .. }: Fixture) {
    let number = line(&store).await;
    let message = arrive(&store, &number, 0).await;
    let owner = number.account_id.clone();
    let eve = account(&store, "Eve").await;
    let all = CursorPage { limit: 10, before: None, after: None };
    assert_eq!(store.message(&eve, &message.id).await.unwrap(), None);
    assert_eq!(store.message_position(&eve, &message.id).await.unwrap(), None);
    assert!(store.messages_of_number(&eve, &number.id, &all).await.unwrap().data.is_empty());
    assert!(
        store.messages_of_conversation(&eve, &message.conversation_id, &all).await.unwrap().data.is_empty()
    );
    assert_eq!(store.thread(&eve, &number.id, Network::Native, "+15005550101").await.unwrap(), None);
    assert_eq!(store.number_called(&eve, &number.phone_number).await.unwrap(), None);
    assert!(!store.is_opted_out(&eve, &number.id, "+15005550101").await.unwrap());
    let thread = store.thread(&owner, &number.id, Network::Native, "+15005550101").await.unwrap().unwrap();
    assert_eq!((&thread.id, thread.message_count), (&message.conversation_id, 1));
    assert_eq!(store.messages_of_conversation(&owner, &thread.id, &all).await.unwrap().data, [message]);
}

async fn a_late_result_of_a_lost_lease_is_still_the_truth(Fixture { store, .. }: Fixture) {
    let number = line(&store).await;
    let id = queue(&store, &number, 0).await;
    // Accepted at once: the claim of the request that stored it.
    assert_eq!(store.close_lost_sends(at(59)).await.unwrap(), 0);
    assert_eq!(store.close_lost_sends(at(60)).await.unwrap(), 1);
    let status = async || store.message(&number.account_id, &id).await.unwrap().unwrap().status;
    assert_eq!(status().await, MessageStatus::Unconfirmed);
    let claim = crate::SendClaim { message_id: id.clone(), owner: "api".into(), until: at(60) };
    let accepted = SendOutcome::Accepted { carrier_id: "c1".into(), group: None };
    store.settle_send(&claim, accepted).await.unwrap();
    let stored = store.message(&number.account_id, &id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.error_code), (MessageStatus::Sent, None));
    // A refusal that comes as late does not undo it.
    let refused = SendOutcome::Failed { code: None, reason: "no".into() };
    store.settle_send(&claim, refused).await.unwrap();
    assert_eq!(status().await, MessageStatus::Sent);
    let report = NewReceipt {
        carrier_id: Some("c1".into()),
        message_id: None,
        status: MessageStatus::Delivered,
        channel: None,
        code: None,
        reason: None,
        at: at(61),
    };
    assert!(matches!(store.record_receipt(report.clone()).await.unwrap(), Receipted::Moved(_)));
    assert_eq!(store.record_receipt(report).await.unwrap(), Receipted::Stale);
}

async fn two_nodes_never_claim_the_same_message(Fixture { store, .. }: Fixture) {
    let number = line(&store).await;
    let mut expected = BTreeSet::new();
    for second in 0..6 {
        expected.insert(queue(&store, &number, second).await);
    }
    // The first left at once; the others wait, one hour apart.
    let now = at(7 * 3600);
    let first = expected.iter().next().cloned();
    let claim = crate::SendClaim { message_id: first.unwrap(), owner: "api".into(), until: at(60) };
    store.settle_send(&claim, SendOutcome::Unconfirmed).await.unwrap();
    for left in (1..6).rev() {
        let claims = (0..4).map(|node| {
            let store = store.clone();
            async move { store.claim_sends(&format!("node {node}"), now, Duration::from_secs(60), 10).await }
        });
        let claims = futures::future::join_all(claims).await;
        let claimed: Vec<_> = claims.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(claimed.len(), 1, "one of a number at a time, {left} left");
        store.settle_send(&claimed[0].0, SendOutcome::Unconfirmed).await.unwrap();
    }
    assert_eq!(store.waiting_sends(&number.id).await.unwrap(), 0);
}
