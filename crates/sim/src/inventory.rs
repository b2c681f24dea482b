//! The numbers the built-in carrier sells.
//!
//! Every geographic area code of the United States and Canada, exchange 555,
//! lines 0100 to 0199: the range set aside for fiction, so that no number of
//! this carrier is ever a real person's.
//!
//! The order is fixed and nothing is stored: what is sold already is asked of
//! the `taken` argument. [`SOLD_OUT`] has no numbers at all, so that the
//! refusal can be met on purpose; `999` is not an area code and is refused the
//! same way.

pub mod area_codes;

use std::{fmt, sync::Arc};

use offhook_carriers::{
    AvailableNumber, BoxFuture, Carrier, CarrierError, NumberSearch, Texting, whatsapp::Whatsapp,
};
use offhook_model::e164::E164;

use crate::{SimTexts, whatsapp::SimWhatsapp};
use area_codes::{REGIONS, Region};

/// Area codes without a single number, like the sought-after ones in life:
/// New York's 212 and Vancouver's 604.
pub const SOLD_OUT: [u16; 2] = [212, 604];

/// Numbers in each area code: lines 0100 to 0199.
pub const NUMBERS_PER_AREA_CODE: u16 = 100;

/// At most this many area codes are offered instead of an empty one.
const MAX_ALTERNATIVES: usize = 5;

/// The built-in carrier: its number shop, and its network for texts.
#[derive(Debug, Clone, Default)]
pub struct SimCarrier {
    texts: Arc<SimTexts>,
}

/// An area code and where it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AreaCode {
    /// Three digits.
    pub code: u16,
    /// Its principal city.
    pub city: &'static str,
    /// Its state or province.
    pub region: &'static Region,
}

impl fmt::Debug for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.code, self.city, self.region.code)
    }
}

impl AreaCode {
    /// Every area code, in numerical order within its region.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        REGIONS
            .iter()
            .flat_map(|region| region.area_codes.iter().map(move |&(code, city)| Self { code, city, region }))
    }

    /// The area code of a number, when it is one of ours.
    #[must_use]
    pub fn of(number: &E164) -> Option<Self> {
        if !number.is_nanp() {
            return None;
        }
        let code: u16 = number.digits().get(1..4)?.parse().ok()?;
        Self::all().find(|area| area.code == code)
    }

    /// Upper-case name of at most ten letters, as rate centres are written:
    /// the last vowels go first, then the end is cut.
    #[must_use]
    pub fn rate_center(&self) -> String {
        const LONGEST: usize = 10;
        let mut letters: Vec<char> =
            self.city.chars().filter(|c| c.is_ascii_alphabetic() || *c == ' ').collect();
        while letters.len() > LONGEST {
            let inner_vowel =
                (1..letters.len()).rev().find(|&at| "aeiou".contains(letters[at]) && letters[at - 1] != ' ');
            let Some(at) = inner_vowel else { break };
            letters.remove(at);
        }
        letters.truncate(LONGEST);
        letters.into_iter().collect::<String>().trim_end().to_ascii_uppercase()
    }

    fn has_numbers(&self) -> bool {
        !SOLD_OUT.contains(&self.code)
    }

    fn number(&self, line: u16) -> Option<E164> {
        format!("+1{}5550{}", self.code, 100 + line).parse().ok()
    }

    fn fits(&self, search: &NumberSearch) -> bool {
        let country = search.country.as_ref().is_none_or(|c| c.eq_ignore_ascii_case(self.region.country));
        let area_code = search.area_code.as_ref().is_none_or(|code| *code == self.code.to_string());
        let city = search.city.as_ref().is_none_or(|city| city.trim().eq_ignore_ascii_case(self.city));
        let state = search.state.as_ref().is_none_or(|state| {
            let state = state.trim();
            state.eq_ignore_ascii_case(self.region.code) || state.eq_ignore_ascii_case(self.region.name)
        });
        country && area_code && city && state
    }
}

impl SimCarrier {
    /// Its network for texts, to be driven.
    #[must_use]
    pub fn texts(&self) -> &Arc<SimTexts> {
        &self.texts
    }

    /// Whether this carrier could ever sell the number.
    #[must_use]
    pub fn sells(number: &E164) -> bool {
        AreaCode::of(number).is_some_and(|area| {
            area.has_numbers()
                && (0..NUMBERS_PER_AREA_CODE).any(|line| area.number(line).as_ref() == Some(number))
        })
    }

    fn find(
        search: &NumberSearch,
        taken: &(dyn Fn(&E164) -> bool + Send + Sync),
    ) -> Result<Vec<AvailableNumber>, CarrierError> {
        let mut found = Vec::new();
        let areas = AreaCode::all().filter(|area| area.has_numbers() && area.fits(search));
        // One number of each area code, then the next of each: a wide search shows many places.
        let offers = (0..NUMBERS_PER_AREA_CODE).flat_map(|line| {
            areas.clone().filter_map(move |area| area.number(line).map(|number| (area, number)))
        });
        for (area, number) in offers.filter(|(_, number)| !taken(number)).take(search.limit) {
            found.push(AvailableNumber {
                number,
                country: area.region.country.to_owned(),
                city: area.city.to_owned(),
                state: area.region.code.to_owned(),
                rate_center: area.rate_center(),
            });
        }
        if !found.is_empty() || search.limit == 0 {
            return Ok(found);
        }
        match &search.area_code {
            Some(code) => Err(CarrierError::NoInventory {
                area_code: code.clone(),
                alternatives: alternatives(code, taken),
            }),
            None if search.city.is_none() && search.state.is_none() => Err(CarrierError::SoldOut),
            None => Ok(found),
        }
    }
}

/// Area codes with numbers left that are near `code`: same city, same region,
/// a neighbouring region; for what is no area code, the nearest by number.
fn alternatives(code: &str, taken: &(dyn Fn(&E164) -> bool + Send + Sync)) -> Vec<String> {
    let wanted: Option<u16> = code.parse().ok();
    let home = AreaCode::all().find(|area| Some(area.code) == wanted);
    let distance = |area: &AreaCode| match home {
        Some(home) if area.region == home.region => u8::from(area.city != home.city),
        Some(home) if home.region.borders.contains(&area.region.code) => 2,
        Some(home) if area.region.country == home.region.country => 3,
        _ => 4,
    };
    let mut near: Vec<AreaCode> = AreaCode::all()
        .filter(|area| Some(area.code) != wanted && area.has_numbers())
        .filter(|area| {
            (0..NUMBERS_PER_AREA_CODE).any(|line| area.number(line).is_some_and(|number| !taken(&number)))
        })
        .collect();
    near.sort_by_key(|area| (distance(area), area.code.abs_diff(wanted.unwrap_or(0))));
    near.iter().take(MAX_ALTERNATIVES).map(|area| area.code.to_string()).collect()
}

impl Carrier for SimCarrier {
    fn name(&self) -> &'static str {
        "sim"
    }

    /// # Errors
    /// [`CarrierError::NoInventory`] when an area code was named and has none
    /// left that fits; [`CarrierError::SoldOut`] when nothing narrowed the
    /// search and all is taken. A city or state without numbers is an empty list.
    fn search<'a>(
        &'a self,
        search: &'a NumberSearch,
        taken: &'a (dyn Fn(&E164) -> bool + Send + Sync),
    ) -> BoxFuture<'a, Result<Vec<AvailableNumber>, CarrierError>> {
        Box::pin(async move { Self::find(search, taken) })
    }

    fn buy<'a>(&'a self, number: &'a E164) -> BoxFuture<'a, Result<(), CarrierError>> {
        Box::pin(async move {
            if Self::sells(number) {
                Ok(())
            } else {
                Err(CarrierError::Refused {
                    carrier: "sim",
                    reason: "not a number of this carrier".to_owned(),
                })
            }
        })
    }

    fn release<'a>(&'a self, _number: &'a E164) -> BoxFuture<'a, Result<(), CarrierError>> {
        Box::pin(async { Ok(()) })
    }

    fn texting(&self) -> Option<&dyn Texting> {
        Some(&*self.texts)
    }

    fn whatsapp(&self) -> Option<&dyn Whatsapp> {
        Some(&SimWhatsapp)
    }
}

#[cfg(test)]
mod tests;
