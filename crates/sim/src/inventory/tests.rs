use std::collections::HashSet;

use super::*;

fn search(narrow: impl FnOnce(&mut NumberSearch)) -> Result<Vec<AvailableNumber>, CarrierError> {
    let mut search = NumberSearch { limit: 20, ..NumberSearch::default() };
    narrow(&mut search);
    SimCarrier::find(&search, &|_| false)
}

#[test]
fn area_codes_are_unique_and_well_formed() {
    let mut seen = HashSet::new();
    for area in AreaCode::all() {
        assert!(seen.insert(area.code), "{area:?} twice");
        assert!((201..=989).contains(&area.code), "{area:?}");
        assert!(area.code % 100 != 11 && (area.code / 10) % 10 != 9, "{area:?} is reserved");
        assert!(!area.rate_center().is_empty() && area.rate_center().len() <= 10, "{area:?}");
    }
    assert!(seen.len() > 390, "only {}", seen.len());
}

#[test]
fn borders_name_regions_that_exist() {
    for region in REGIONS {
        for border in region.borders {
            assert!(REGIONS.iter().any(|r| r.code == *border), "{} borders on {border}", region.code);
        }
    }
}

#[test]
fn an_area_code_sells_its_fictional_numbers_with_the_true_city() {
    let found = search(|s| s.area_code = Some("415".into())).unwrap();
    assert_eq!(found.len(), 20);
    assert_eq!(found[0].number.as_str(), "+14155550100");
    assert_eq!((found[0].city.as_str(), found[0].state.as_str()), ("San Francisco", "CA"));
    assert_eq!(found[0].country, "US");
    assert_eq!(found[0].rate_center, "SAN FRNCSC");
}

#[test]
fn a_search_without_narrowing_shows_many_places() {
    let found = search(|_| {}).unwrap();
    let states: HashSet<_> = found.iter().map(|n| n.state.clone()).collect();
    assert!(states.len() > 3, "{states:?}");
}

#[test]
fn state_and_city_match_in_any_case_and_by_either_name() {
    for state in ["ca", "California", " CALIFORNIA "] {
        let found = search(|s| {
            s.state = Some(state.into());
            s.city = Some("san francisco".into());
        });
        assert!(found.unwrap().iter().all(|n| n.city == "San Francisco"));
    }
    let canada = search(|s| s.country = Some("CA".into())).unwrap();
    assert!(canada.iter().all(|n| n.country == "CA") && !canada.is_empty());
}

#[test]
fn taken_numbers_are_not_offered() {
    let wanted = NumberSearch { area_code: Some("212".into()), limit: 1, ..NumberSearch::default() };
    let first = NumberSearch { area_code: Some("303".into()), ..wanted.clone() };
    let found = SimCarrier::find(&first, &|n| n.as_str() == "+13035550100").unwrap();
    assert_eq!(found[0].number.as_str(), "+13035550101");
}

#[test]
fn a_sold_out_code_names_its_neighbours_first() {
    let error = search(|s| s.area_code = Some("212".into())).unwrap_err();
    let CarrierError::NoInventory { area_code, alternatives } = error else { panic!("{error:?}") };
    assert_eq!(area_code, "212");
    assert_eq!(alternatives.len(), 5);
    for code in &alternatives {
        let area = AreaCode::all().find(|a| a.code.to_string() == *code).unwrap();
        assert_eq!(area.city, "New York");
    }
}

#[test]
fn a_lone_code_bought_out_offers_neighbouring_states() {
    let search = NumberSearch { area_code: Some("307".into()), limit: 1, ..NumberSearch::default() };
    let error = SimCarrier::find(&search, &|n| n.as_str().starts_with("+1307")).unwrap_err();
    let CarrierError::NoInventory { alternatives, .. } = error else { panic!("{error:?}") };
    let wyoming = REGIONS.iter().find(|r| r.code == "WY").unwrap();
    for code in alternatives {
        let area = AreaCode::all().find(|a| a.code.to_string() == code).unwrap();
        assert!(wyoming.borders.contains(&area.region.code), "{area:?}");
    }
}

#[test]
fn what_is_no_area_code_is_refused_with_the_nearest() {
    for code in ["999", "000", "abc", ""] {
        let error = search(|s| s.area_code = Some(code.into())).unwrap_err();
        assert!(
            matches!(error, CarrierError::NoInventory { ref alternatives, .. } if alternatives.len() == 5)
        );
    }
}

#[test]
fn everything_taken_is_sold_out() {
    let search = NumberSearch { limit: 1, ..NumberSearch::default() };
    assert_eq!(SimCarrier::find(&search, &|_| true), Err(CarrierError::SoldOut));
}

#[test]
fn only_its_own_numbers_are_sold() {
    assert!(SimCarrier::sells(&"+14155550199".parse().unwrap()));
    for other in
        ["+14155550200", "+14155550099", "+14155560100", "+12125550100", "+19995550100", "+442071838750"]
    {
        assert!(!SimCarrier::sells(&other.parse().unwrap()), "{other}");
    }
}
