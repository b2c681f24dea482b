//! The simulated network as a carrier of messages.

use std::time::Duration;

use offhook_carriers::{
    BoxFuture, CarrierError, CarrierEvent, Texting,
    texting::{
        Capabilities, InboundText, LocationUpdate, NumberFacts, OutboundCard, OutboundMedia,
        OutboundReaction, OutboundText, Receipt, Recipient, Submission,
    },
};
use offhook_model::{
    address::Address,
    e164::E164,
    id::AccountId,
    message::{Channel, MessageStatus},
};

use super::{
    SimTexts,
    handset::Landed,
    is_line, journal,
    outcome::{Outcome, has_imessage, has_rcs, has_whatsapp, reason},
};

impl Texting for SimTexts {
    /// Every line has SMS and MMS, iMessage lines also iMessage.
    fn channels(&self, _line: &E164, is_imessage: bool) -> Vec<Channel> {
        let phone = [Channel::Sms, Channel::Mms];
        is_imessage.then_some(Channel::Imessage).into_iter().chain(phone).collect()
    }

    fn send<'a>(&'a self, text: &'a OutboundText) -> BoxFuture<'a, Submission> {
        Box::pin(async move {
            let members = self.members(&text.to);
            let Some(first) = members.first() else {
                return Submission::Refused { code: "100".to_owned(), reason: "no such group".to_owned() };
            };
            // A group fares as its first member.
            match self.outcome(text, first) {
                Outcome::Unavailable => Submission::Unavailable,
                Outcome::Refused { code } => Submission::Refused { reason: reason(&code).to_owned(), code },
                Outcome::Lost => Submission::Unconfirmed,
                Outcome::Unknown => {
                    self.land(text, &members);
                    Submission::Unconfirmed
                }
                Outcome::Slow(wait) => {
                    tokio::time::sleep(wait).await;
                    self.accept(text, &members, &[(MessageStatus::Delivered, text.channel)], None)
                }
                Outcome::Silent => self.accept(text, &members, &[], None),
                Outcome::Delivered => {
                    self.accept(text, &members, &[(MessageStatus::Delivered, text.channel)], None)
                }
                Outcome::Read => {
                    let reports =
                        [(MessageStatus::Delivered, text.channel), (MessageStatus::Read, text.channel)];
                    self.accept(text, &members, &reports, None)
                }
                Outcome::FallsBack => {
                    let channel = if text.media.is_empty() { Channel::Sms } else { Channel::Mms };
                    self.accept(text, &members, &[(MessageStatus::Delivered, channel)], None)
                }
                Outcome::Failed { code } => {
                    self.accept(text, &[], &[(MessageStatus::Failed, text.channel)], Some(code))
                }
            }
        })
    }

    fn check_capabilities<'a>(
        &'a self,
        account: &'a AccountId,
        person: &'a Address,
    ) -> BoxFuture<'a, Result<Capabilities, CarrierError>> {
        let takes = |channel| self.takes(Some(account), channel, person.as_str());
        let capabilities = Capabilities {
            imessage: takes(Channel::Imessage),
            sms: takes(Channel::Sms),
            whatsapp: takes(Channel::Whatsapp),
            rcs: takes(Channel::Rcs),
        };
        Box::pin(async move { Ok(capabilities) })
    }

    fn next_event(&self) -> BoxFuture<'_, CarrierEvent> {
        Box::pin(async move {
            match self.listening.lock().await.recv().await {
                Some(event) => event,
                // The sender is ours: it goes with us.
                None => std::future::pending().await,
            }
        })
    }

    /// Numbers of the simulated inventory are `voip`, 0103 of the test numbers
    /// a `landline`, everything else `mobile`.
    fn lookup<'a>(&'a self, numbers: &'a [E164]) -> BoxFuture<'a, Result<Vec<NumberFacts>, CarrierError>> {
        let facts = numbers.iter().map(|number| NumberFacts {
            number: number.clone(),
            line_type: Some(match number.as_str() {
                "+15005550103" => "landline",
                _ if is_line(number) => "voip",
                _ => "mobile",
            }),
            country: country(number),
            is_rcs: has_rcs(number.as_str()),
        });
        let facts = facts.collect();
        Box::pin(async move { Ok(facts) })
    }

    fn react<'a>(&'a self, reaction: &'a OutboundReaction) -> BoxFuture<'a, Submission> {
        let carrier_id = self.new_name("reaction");
        let is_known = !self.members(&reaction.to).is_empty();
        Box::pin(async move {
            if is_known {
                Submission::Accepted { carrier_id, group: None }
            } else {
                Submission::Refused { code: "100".to_owned(), reason: "no such group".to_owned() }
            }
        })
    }

    /// Every line, unless it was told otherwise.
    fn has_emoji_reactions(&self, line: &E164) -> bool {
        let people = self.people();
        let mut told = people.handsets.iter().filter(|((_, address), _)| address == line.as_str());
        told.all(|(_, handset)| handset.setting.emoji_reactions != Some(false))
    }

    fn typing<'a>(&'a self, _from: &'a E164, _to: &'a Recipient) -> BoxFuture<'a, Result<(), CarrierError>> {
        Box::pin(async { Ok(()) })
    }

    fn set_background<'a>(
        &'a self,
        _from: &'a E164,
        _to: &'a Address,
        _image: &'a OutboundMedia,
    ) -> BoxFuture<'a, Result<(), CarrierError>> {
        Box::pin(async { Ok(()) })
    }

    fn clear_background<'a>(
        &'a self,
        _from: &'a E164,
        _to: &'a Address,
    ) -> BoxFuture<'a, Result<(), CarrierError>> {
        Box::pin(async { Ok(()) })
    }

    fn rename_group<'a>(
        &'a self,
        _from: &'a E164,
        group: &'a str,
        _name: &'a str,
    ) -> BoxFuture<'a, Result<(), CarrierError>> {
        let is_known = self.people().groups.contains_key(group);
        Box::pin(async move {
            let refused = CarrierError::Refused { carrier: "sim", reason: "no such group".to_owned() };
            if is_known { Ok(()) } else { Err(refused) }
        })
    }

    fn push_card<'a>(
        &'a self,
        _line: &'a E164,
        _card: &'a OutboundCard,
    ) -> BoxFuture<'a, Result<(), CarrierError>> {
        Box::pin(async { Ok(()) })
    }

    /// Nobody moves by themselves here: what is known stays as it was told.
    fn refresh_locations<'a>(&'a self, _line: &'a E164) -> BoxFuture<'a, Result<Duration, CarrierError>> {
        Box::pin(async { Ok(Duration::from_secs(20)) })
    }
}

impl SimTexts {
    /// Somebody moved: for one of our lines to hear of.
    pub fn move_to(&self, update: LocationUpdate) {
        self.tell(CarrierEvent::Location(update));
    }

    /// Whether a channel reaches a phone, as this account finds it.
    fn takes(&self, account: Option<&AccountId>, channel: Channel, address: &str) -> bool {
        let setting = self.setting(account, address);
        match channel {
            Channel::Imessage => setting.imessage.unwrap_or_else(|| has_imessage(address)),
            Channel::Whatsapp => setting.whatsapp.unwrap_or_else(|| has_whatsapp(address)),
            Channel::Rcs => setting.rcs.unwrap_or_else(|| has_rcs(address)),
            Channel::Sms | Channel::Mms => !address.contains('@'),
        }
    }

    fn outcome(&self, text: &OutboundText, address: &str) -> Outcome {
        let told = self.setting(text.account_id.as_ref(), address).outcome;
        let outcome = told.unwrap_or_else(|| Outcome::of(address));
        // What a group can do is for its members to sort out.
        let is_group = !matches!(text.to, Recipient::Person(_));
        if is_group || self.takes(text.account_id.as_ref(), text.channel, address) {
            return outcome;
        }
        match text.channel {
            Channel::Whatsapp => Outcome::Failed { code: "131026".to_owned() },
            _ => Outcome::Refused { code: "30005".to_owned() },
        }
    }

    /// Everybody a message is for.
    fn members(&self, to: &Recipient) -> Vec<String> {
        match to {
            Recipient::Person(address) => vec![address.to_string()],
            Recipient::NewGroup(members) => members.iter().map(ToString::to_string).collect(),
            Recipient::Group(name) => self.people().groups.get(name).cloned().unwrap_or_default(),
        }
    }

    /// Puts it into the inboxes; its name on this network, and its group's.
    fn land(&self, text: &OutboundText, members: &[String]) -> (String, Option<String>) {
        let mut people = self.people();
        let carrier_id = people.new_name("text");
        let group = match &text.to {
            Recipient::Person(_) => None,
            Recipient::Group(name) => Some(name.clone()),
            Recipient::NewGroup(members) => {
                let name = people.new_name("group");
                people.know_group(&name, members.iter().map(ToString::to_string).collect());
                Some(name)
            }
        };
        for member in members {
            people.handset(text.account_id.as_ref(), member).land(Landed {
                carrier_id: carrier_id.clone(),
                reference: text.reference.clone(),
                from: text.from.to_string(),
                channel: text.channel,
                body: text.body.clone(),
                media: text.media.clone(),
                group: group.clone(),
                send_style: text.send_style.clone(),
                reply_to: text.reply_to.clone(),
                content: text.content.clone(),
            });
        }
        drop(people);
        journal::landed(text, members);
        self.reach_lines(text, &carrier_id);
        (carrier_id, group)
    }

    /// A number of the inventory may be one of our own lines.
    fn reach_lines(&self, text: &OutboundText, carrier_id: &str) {
        let Recipient::Person(Address::Phone(number)) = &text.to else { return };
        if !is_line(number) {
            return;
        }
        self.tell(CarrierEvent::Text(InboundText {
            carrier_id: carrier_id.to_owned(),
            from: text.from.to_string(),
            to: number.clone(),
            channel: text.channel,
            body: text.body.clone(),
            media_urls: text.media.iter().map(|media| media.url.clone()).collect(),
            group: None,
            reply_to: text.reply_to.clone(),
        }));
    }

    fn accept(
        &self,
        text: &OutboundText,
        members: &[String],
        reports: &[(MessageStatus, Channel)],
        code: Option<String>,
    ) -> Submission {
        let (carrier_id, group) = self.land(text, members);
        for (status, channel) in reports {
            self.tell(CarrierEvent::Receipt(Receipt {
                carrier_id: Some(carrier_id.clone()),
                reference: Some(text.reference.clone()),
                status: *status,
                channel: Some(*channel),
                code: code.clone(),
                reason: code.as_deref().map(|code| reason(code).to_owned()),
                at: None,
            }));
        }
        Submission::Accepted { carrier_id, group }
    }
}

/// The country of a North American number; none is known of others.
fn country(number: &E164) -> Option<String> {
    let area = crate::inventory::AreaCode::of(number);
    area.map(|area| area.region.country.to_owned()).or_else(|| number.is_nanp().then(|| "US".to_owned()))
}
