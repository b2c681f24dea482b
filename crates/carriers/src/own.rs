//! The operator's own numbers: those a trunk delivers, listed in the settings.

use offhook_model::e164::E164;

use crate::{AvailableNumber, BoxFuture, Carrier, CarrierError, NumberSearch};

/// A carrier that sells the numbers it was given, and nothing else. The trunk
/// delivers their calls already; buying one says which account holds it.
#[derive(Debug, Clone, Default)]
pub struct OwnNumbers(Vec<E164>);

impl OwnNumbers {
    /// These numbers, sold in this order.
    #[must_use]
    pub fn new(numbers: Vec<E164>) -> Self {
        Self(numbers)
    }
}

fn area_code(number: &E164) -> Option<&str> {
    number.is_nanp().then(|| &number.digits()[1..4])
}

impl Carrier for OwnNumbers {
    fn name(&self) -> &'static str {
        "trunks"
    }

    /// By area code and country; no place is known of a number, so a search by
    /// city, state or postal code finds none.
    fn search<'a>(
        &'a self,
        search: &'a NumberSearch,
        taken: &'a (dyn Fn(&E164) -> bool + Send + Sync),
    ) -> BoxFuture<'a, Result<Vec<AvailableNumber>, CarrierError>> {
        Box::pin(async move {
            let free: Vec<&E164> = self.0.iter().filter(|number| !taken(number)).collect();
            if free.is_empty() {
                return Err(CarrierError::SoldOut);
            }
            if search.city.is_some() || search.state.is_some() || search.zip.is_some() {
                return Ok(Vec::new());
            }
            let Some(wanted) = &search.area_code else {
                return Ok(free.into_iter().take(search.limit).map(offer).collect());
            };
            let found: Vec<_> =
                free.iter().filter(|number| area_code(number) == Some(wanted)).take(search.limit).collect();
            if found.is_empty() {
                let mut alternatives: Vec<String> =
                    free.iter().filter_map(|number| area_code(number)).map(str::to_owned).collect();
                alternatives.sort();
                alternatives.dedup();
                alternatives.truncate(5);
                return Err(CarrierError::NoInventory { area_code: wanted.clone(), alternatives });
            }
            Ok(found.into_iter().map(|number| offer(number)).collect())
        })
    }

    fn buy<'a>(&'a self, number: &'a E164) -> BoxFuture<'a, Result<(), CarrierError>> {
        let known = self.0.contains(number);
        Box::pin(async move {
            let refused =
                CarrierError::Refused { carrier: "trunks", reason: "not a number of the trunks".into() };
            if known { Ok(()) } else { Err(refused) }
        })
    }

    fn release<'a>(&'a self, _number: &'a E164) -> BoxFuture<'a, Result<(), CarrierError>> {
        Box::pin(async { Ok(()) })
    }
}

fn offer(number: &E164) -> AvailableNumber {
    AvailableNumber {
        number: number.clone(),
        country: "US".to_owned(),
        city: String::new(),
        state: String::new(),
        rate_center: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    /// The carrier never waits, so that one poll is enough.
    fn now<T>(future: BoxFuture<'_, T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waited"),
        }
    }

    fn carrier() -> OwnNumbers {
        OwnNumbers::new(["+12125550123", "+14155550100"].map(|text| text.parse().unwrap()).to_vec())
    }

    fn by_area(code: Option<&str>) -> NumberSearch {
        NumberSearch { area_code: code.map(str::to_owned), limit: 10, ..NumberSearch::default() }
    }

    #[test]
    fn only_its_own_free_numbers_are_sold() {
        let carrier = carrier();
        let taken = |number: &E164| number.as_str() == "+12125550123";
        let offers = now(carrier.search(&by_area(None), &taken)).unwrap();
        assert_eq!(offers.len(), 1);
        assert_eq!(offers[0].number.as_str(), "+14155550100");
        assert!(now(carrier.buy(&offers[0].number)).is_ok());
        assert!(now(carrier.buy(&"+13105550100".parse().unwrap())).is_err());
    }

    #[test]
    fn a_missing_area_code_names_those_there_are() {
        let carrier = carrier();
        let missing = now(carrier.search(&by_area(Some("310")), &|_| false)).unwrap_err();
        let alternatives = vec!["212".to_owned(), "415".to_owned()];
        assert_eq!(missing, CarrierError::NoInventory { area_code: "310".to_owned(), alternatives });
        assert_eq!(now(carrier.search(&by_area(None), &|_| true)), Err(CarrierError::SoldOut));
    }
}
