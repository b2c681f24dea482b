//! Numbers looked up, and what that costs.

use offhook_server::Settings;
use serde_json::{Value, json};

use crate::world::{World, on_both, on_both_with};

/// Numbers of a query, their `+` escaped.
fn query(numbers: &[String]) -> String {
    format!("/v1/numbers/lookup?phoneNumbers={}", numbers.join(",").replace('+', "%2B"))
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("+1415555{n:04}")).collect()
}

on_both! {
    async fn one_to_twenty_five_numbers_are_looked_up(world) {
        let found = world.get(&query(&numbers(25))).await.ok();
        let data = found["data"].as_array().unwrap();
        let order: Vec<_> = data.iter().map(|one| one["phoneNumber"].as_str().unwrap().to_owned()).collect();
        assert_eq!(order, numbers(25));
        for one in data {
            let keys: Vec<_> = one.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["phoneNumber", "lineType", "country", "rcsEnabled"]);
            assert_eq!(one["country"], "US");
            let kinds = [json!("mobile"), json!("landline"), json!("voip"), Value::Null];
            assert!(kinds.contains(&one["lineType"]) && one["rcsEnabled"].is_boolean());
        }
        assert_eq!(world.get(&query(&numbers(25))).await.ok(), found, "the same numbers, the same facts");
        world.get(&query(&numbers(26))).await.fault("query.phoneNumbers", "too_long");
    }

    async fn a_plus_may_arrive_as_a_space(world) {
        for written in ["+14155550000,+14155550001", "%2B14155550000,%2B14155550001", "%2B14155550000,%20%2B14155550001"] {
            let found = world.get(&format!("/v1/numbers/lookup?phoneNumbers={written}")).await.ok();
            let order: Vec<_> = found["data"].as_array().unwrap().iter().map(|one| &one["phoneNumber"]).collect();
            assert_eq!(order, ["+14155550000", "+14155550001"], "{written}");
        }
        let snake = world.get("/v1/numbers/lookup?phone_numbers=%2B14155550000").await.ok();
        assert_eq!(snake["data"].as_array().unwrap().len(), 1);
    }

    async fn what_is_no_number_is_named_by_its_place(world) {
        let path = "/v1/numbers/lookup?phoneNumbers=%2B14155550000,14155550001,bob,";
        assert_eq!(world.get(path).await.faults(), [
            ("query.phoneNumbers.1".to_owned(), "value_error".to_owned()),
            ("query.phoneNumbers.2".to_owned(), "value_error".to_owned()),
            ("query.phoneNumbers.3".to_owned(), "value_error".to_owned()),
        ]);
        world.get("/v1/numbers/lookup").await.fault("query.phoneNumbers", "missing");
        world.get("/v1/numbers/lookup?phoneNumbers=").await.fault("query.phoneNumbers", "missing");
    }
}

fn prepaid(settings: &mut Settings) {
    settings.billing = true;
}

async fn left(world: &World) -> i64 {
    world.app.store().balance(&world.account).await.unwrap().unwrap().micros
}

on_both_with! { prepaid;
    async fn each_number_is_paid_once_per_request(world) {
        world.app.store().credit(&world.account, 30_000, "test", world.app.now()).await.unwrap();
        let twice = ["+14155550000", "+14155550001", "+14155550000"].map(str::to_owned);
        let found = world.get(&query(&twice)).await.ok();
        assert_eq!(found["data"].as_array().unwrap().len(), 2);
        assert_eq!(left(&world).await, 30_000 - 2 * 9_000);
        world.get(&query(&numbers(2))).await.refused(402, "INSUFFICIENT_BALANCE");
        assert_eq!(left(&world).await, 12_000, "what is refused costs nothing");
        world.get(&query(&numbers(1))).await.ok();
        assert_eq!(left(&world).await, 3_000);
    }
}
