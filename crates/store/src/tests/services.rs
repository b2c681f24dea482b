use futures::future::join_all;
use offhook_model::{
    id::{AccountId, AgentId, ApiKeyId, RegistrationId, TrunkId, UsageId, UserId, VerificationId},
    registration::{CampaignStatus, Registration, RegistrationForm, RegistrationType},
    sip_trunk::{SipTrunk, TransferCallerId, TrunkCredentials, TrunkTransfers},
    usage::{LedgerEntry, Payment, UsageKind},
    user::User,
};

use super::{Fixture, account, agent, at, number, on_both};
use crate::{
    Account, ApiKey, ApiKeySecret, CODE_TRIES, CodeHash, CodeTry, EditRegistration, FinishSignUp,
    NewVerification, Newcomer, SignUp, Store, SubmitRegistration, TrunkPatch,
};

on_both!(
    services_of_another_account_behave_as_missing,
    a_registration_gives_way_only_when_rejected,
    tries_at_once_are_counted_one_by_one,
    a_sign_up_leaves_everything_or_nothing,
    old_codes_are_forgotten,
);

fn entry(account: &AccountId, kind: UsageKind, subject: &str) -> LedgerEntry {
    LedgerEntry {
        id: UsageId::new(at(0), rand::random()),
        account_id: account.clone(),
        kind,
        quantity: 1,
        amount_micros: 0,
        agent_id: None,
        number_id: None,
        subject: subject.to_owned(),
        at: at(1),
        payment: Payment::Metered,
    }
}

fn registration(account: &AccountId) -> Registration {
    let text = |text: &str| text.to_owned();
    Registration {
        id: RegistrationId::new(at(0), rand::random()),
        account_id: account.clone(),
        form: RegistrationForm {
            registration_type: RegistrationType::SoleProprietor,
            first_name: text("Ada"),
            last_name: text("Byron"),
            email: text("ada@example.com"),
            phone_number: "+14155550123".parse().unwrap(),
            street_address: text("1 Main St"),
            street_address_2: None,
            city: text("Oakland"),
            state: text("CA"),
            zip_code: text("94607"),
            country: text("US"),
            business_name: None,
            brand_name: None,
            organization_type: None,
            contact_title: None,
            contact_title_other: None,
            ein: None,
            website_url: None,
            industry: None,
            business_regions: Vec::new(),
            planned_numbers: 1,
            description: text("Reminders"),
            use_cases: Vec::new(),
            volume: None,
            message_samples: Vec::new(),
            consent_flow: text("A box"),
            privacy_policy_url: None,
            terms_of_service_url: None,
            opt_in_image_url: text("https://example.com/a.png"),
            includes: Vec::new(),
            link_sample: None,
        },
        decided: CampaignStatus::Pending,
        reason: None,
        fee_cents: 2500,
        submitted_at: at(0),
        approves_at: None,
        decided_at: None,
        image_seen: true,
    }
}

async fn submit(store: &Store, new: &Registration) -> SubmitRegistration {
    let fee = entry(&new.account_id, UsageKind::RegistrationFee, new.id.as_str());
    store.submit_registration(new, None, &fee).await.unwrap()
}

fn code() -> CodeHash {
    CodeHash { salt: "5a17".into(), hash: "4a54".into() }
}

fn trunk(account: &AccountId) -> SipTrunk {
    SipTrunk {
        id: TrunkId::new(at(0), rand::random()),
        account_id: account.clone(),
        name: "office".into(),
        transfers: TrunkTransfers::All,
        transfer_caller_id: TransferCallerId::Transferee,
        origination: Vec::new(),
        allowed_ips: Vec::new(),
        credentials: TrunkCredentials {
            username: format!("tr_{}", hex::encode(rand::random::<[u8; 8]>())),
            realm: "offhook".into(),
            ha1: "ab".into(),
            password_last4: "last".into(),
        },
        created_at: at(0),
    }
}

async fn verification(store: &Store, account: &AccountId, second: i64) -> VerificationId {
    let id = VerificationId::new(at(second), rand::random());
    let new = NewVerification {
        id: id.clone(),
        account_id: account.clone(),
        phone_number: "+14155550123".parse().unwrap(),
        code: code(),
        expires_at: at(second + 600),
        created_at: at(second),
    };
    store.insert_verification(&new, at(second - 3600)).await.unwrap();
    id
}

async fn services_of_another_account_behave_as_missing(Fixture { store, .. }: Fixture) {
    let (owner, eve) = (account(&store, "Ada").await, account(&store, "Eve").await);
    let own = registration(&owner);
    assert_eq!(submit(&store, &own).await, SubmitRegistration::Submitted);
    assert_eq!(store.registration(&eve).await.unwrap(), None);
    let edited = store.edit_registration(&eve, at(1), Ok::<_, ()>).await.unwrap();
    assert_eq!(edited, EditRegistration::Missing);
    assert_eq!(store.registration(&owner).await.unwrap(), Some(own));

    let trunk = trunk(&owner);
    assert!(store.insert_sip_trunk(&trunk, 1).await.unwrap());
    assert_eq!(store.sip_trunk(&eve, &trunk.id).await.unwrap(), None);
    assert!(store.sip_trunks(&eve).await.unwrap().is_empty());
    let patch = TrunkPatch { name: Some("stolen".into()), ..TrunkPatch::default() };
    assert_eq!(store.patch_sip_trunk(&eve, &trunk.id, patch).await.unwrap(), None);
    assert!(!store.delete_sip_trunk(&eve, &trunk.id).await.unwrap());
    assert_eq!(store.sip_trunk(&owner, &trunk.id).await.unwrap(), Some(trunk));

    let id = verification(&store, &owner, 0).await;
    let price = entry(&eve, UsageKind::Verification, id.as_str());
    assert_eq!(store.try_verification(&eve, &id, &price, |_| true).await.unwrap(), None);
    store.delete_verification(&eve, &id).await.unwrap();
    let price = entry(&owner, UsageKind::Verification, id.as_str());
    let tried = store.try_verification(&owner, &id, &price, |stored| *stored == code()).await.unwrap();
    assert_eq!(tried, Some((CodeTry::Right, CODE_TRIES)));
    assert_eq!(store.user_of(&eve).await.unwrap(), None);
}

async fn a_registration_gives_way_only_when_rejected(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let (first, second) = (registration(&owner), registration(&owner));
    let submitted = join_all([submit(&store, &first), submit(&store, &second)]).await;
    assert_eq!(submitted.iter().filter(|one| **one == SubmitRegistration::Submitted).count(), 1);
    assert_eq!(submitted.iter().filter(|one| **one == SubmitRegistration::OnFile).count(), 1);
    let kept = store.registration(&owner).await.unwrap().unwrap();
    let why = Some("no consent".to_owned());
    assert!(store.decide_registration(&kept.id, CampaignStatus::Rejected, why, at(5)).await.unwrap());
    let third = registration(&owner);
    assert_eq!(submit(&store, &third).await, SubmitRegistration::Submitted);
    assert_eq!(store.all_registrations().await.unwrap(), [third]);
    assert!(!store.decide_registration(&kept.id, CampaignStatus::Approved, None, at(6)).await.unwrap());
}

async fn tries_at_once_are_counted_one_by_one(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let id = verification(&store, &owner, 0).await;
    let price = entry(&owner, UsageKind::Verification, id.as_str());
    let tries = join_all((0..20).map(|_| store.try_verification(&owner, &id, &price, |_| false))).await;
    let outcomes: Vec<_> = tries.into_iter().map(|tried| tried.unwrap().unwrap()).collect();
    let counted = outcomes.iter().filter(|(outcome, _)| *outcome == CodeTry::Wrong).count();
    assert_eq!(counted, CODE_TRIES as usize);
    assert_eq!(outcomes.iter().filter(|tried| **tried == (CodeTry::Exhausted, 0)).count(), 20 - counted);
}

async fn old_codes_are_forgotten(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let old = verification(&store, &owner, 0).await;
    let other = account(&store, "Eve").await;
    let theirs = verification(&store, &other, 0).await;
    verification(&store, &owner, 3601).await;
    let price = entry(&owner, UsageKind::Verification, old.as_str());
    assert_eq!(store.try_verification(&owner, &old, &price, |_| true).await.unwrap(), None);
    let price = entry(&other, UsageKind::Verification, theirs.as_str());
    assert!(store.try_verification(&other, &theirs, &price, |_| true).await.unwrap().is_some());
}

async fn sign_up(store: &Store) -> VerificationId {
    let id = VerificationId::new(at(0), rand::random());
    let new = SignUp {
        id: id.clone(),
        email: "ada@example.com".into(),
        agent_name: "Desk".into(),
        code: code(),
        expires_at: at(600),
        created_at: at(0),
    };
    store.insert_sign_up(&new, at(-600)).await.unwrap();
    id
}

async fn newcomer(store: &Store, phone_number: &str) -> Newcomer {
    // An agent of nobody, to be given to the newcomer.
    let elsewhere = account(store, "Elsewhere").await;
    let mut agent = agent(store, &elsewhere, 1).await;
    let account = Account {
        id: AccountId::new(at(1), rand::random()),
        parent_id: None,
        name: "Ada".into(),
        created_at: at(1),
    };
    agent.id = AgentId::new(at(1), rand::random());
    agent.account_id = account.id.clone();
    let mut number = number(&account.id, phone_number, 1);
    number.agent_id = Some(agent.id.clone());
    let secret = ApiKeySecret::generate();
    Newcomer {
        user: User {
            id: UserId::new(at(1), rand::random()),
            account_id: account.id.clone(),
            email: "ada@example.com".into(),
            name: "ada".into(),
            source: None,
            created_at: at(1),
        },
        key: ApiKey {
            id: ApiKeyId::new(at(1), rand::random()),
            account_id: account.id.clone(),
            name: "sign-up".into(),
            hash: secret.hash(),
            last4: secret.last4(),
            created_at: at(1),
            revoked_at: None,
            last_used_at: None,
        },
        first_month: (entry(&account.id, UsageKind::NumberMonth, "month"), at(2_000_000)),
        credit_micros: 7,
        account,
        agent,
        number,
    }
}

async fn a_sign_up_leaves_everything_or_nothing(Fixture { store, .. }: Fixture) {
    let holder = account(&store, "Holder").await;
    store.insert_number(&number(&holder, "+14155550100", 0), None).await.unwrap();
    let (id, twin) = (sign_up(&store).await, sign_up(&store).await);

    let taken = newcomer(&store, "+14155550100").await;
    assert_eq!(store.finish_sign_up(&id, &taken, at(2)).await.unwrap(), FinishSignUp::NumberTaken);
    assert_eq!(store.account(&taken.account.id).await.unwrap(), None);
    let late = newcomer(&store, "+14155550101").await;
    let expired = FinishSignUp::NotRight(CodeTry::Expired);
    assert_eq!(store.finish_sign_up(&id, &late, at(600)).await.unwrap(), expired);
    assert!(!store.is_user("ada@example.com").await.unwrap());

    let new = newcomer(&store, "+14155550101").await;
    assert_eq!(store.finish_sign_up(&id, &new, at(2)).await.unwrap(), FinishSignUp::Done);
    let account = &new.account.id;
    assert_eq!(store.user_of(account).await.unwrap().as_ref(), Some(&new.user));
    assert_eq!(store.agent(account, &new.agent.id).await.unwrap().as_ref(), Some(&new.agent));
    assert_eq!(store.number(account, &new.number.id).await.unwrap().as_ref(), Some(&new.number));
    assert_eq!(store.api_keys(account).await.unwrap(), [new.key]);
    assert_eq!(store.balance(account).await.unwrap().unwrap().micros, 7);

    let again = newcomer(&store, "+14155550102").await;
    let used = FinishSignUp::NotRight(CodeTry::AlreadyRight);
    assert_eq!(store.finish_sign_up(&id, &again, at(3)).await.unwrap(), used);
    assert_eq!(store.finish_sign_up(&twin, &again, at(3)).await.unwrap(), FinishSignUp::Known);
    assert_eq!(store.account(&again.account.id).await.unwrap(), None);
    assert!(!store.is_number_held(&again.number.phone_number).await.unwrap());
}
