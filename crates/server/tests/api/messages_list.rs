//! `GET /v1/numbers/{id}/messages`: cursors (contract `errors-and-limits.md` §7).

use serde_json::{Value, json};

use crate::{
    texting::{ANN, Line, word},
    world::{World, on_both},
};

/// A line with messages "0" to "n-1", oldest first, and its whole list.
async fn filled(world: &World, count: usize) -> (Line, Vec<Value>) {
    let line = world.line("sms").await;
    for n in 0..count {
        world.hear(ANN, &line, &n.to_string()).await;
    }
    let all = world.messages(&line).await;
    assert_eq!(all.len(), count);
    (line, all)
}

async fn page(world: &World, line: &Line, query: &str) -> (Vec<String>, bool) {
    let page = world.get(&format!("/v1/numbers/{}/messages?{query}", line.id)).await.ok();
    let bodies = page["data"].as_array().unwrap().iter().map(|message| word(&message["body"])).collect();
    (bodies, page["hasMore"].as_bool().unwrap())
}

on_both! {
    async fn a_row_has_every_spelling(world) {
        let (line, all) = filled(&world, 1).await;
        let mut row = all[0].clone();
        for volatile in ["id", "conversationId", "receivedAt"] {
            assert!(row[volatile].is_string());
            row[volatile] = Value::Null;
        }
        assert_eq!(row, json!({
            "id": null, "from_": ANN, "from": ANN, "fromNumber": ANN, "to": line.number, "toNumber": line.number,
            "body": "0", "direction": "inbound", "channel": "sms", "status": "received", "failureReason": null,
            "errorCode": null, "mediaUrl": null, "mediaUrls": [], "conversationId": null, "receivedAt": null,
        }));
    }

    async fn cursors_walk_the_whole_list_both_ways(world) {
        let (line, all) = filled(&world, 13).await;
        let all: Vec<String> = all.iter().map(|message| word(&message["id"])).collect();
        for limit in [1, 2, 5, 12, 13, 14] {
            let walk = async |direction: &str| {
                let mut pages: Vec<Vec<String>> = Vec::new();
                let mut cursor = String::new();
                loop {
                    let path = format!("/v1/numbers/{}/messages?limit={limit}{cursor}", line.id);
                    let page = world.get(&path).await.ok();
                    let ids: Vec<String> =
                        page["data"].as_array().unwrap().iter().map(|message| word(&message["id"])).collect();
                    let edge = if direction == "before" { ids.last() } else { ids.first() };
                    cursor = format!("&{direction}={}", edge.unwrap());
                    pages.push(ids);
                    if page["hasMore"] == false {
                        return pages;
                    }
                }
            };
            assert_eq!(walk("before").await.concat(), all);
            // Upwards from the oldest.
            let mut up = Vec::new();
            let mut cursor = all.last().unwrap().clone();
            loop {
                let path = format!("/v1/numbers/{}/messages?limit={limit}&after={cursor}", line.id);
                let page = world.get(&path).await.ok();
                let ids: Vec<String> =
                    page["data"].as_array().unwrap().iter().map(|message| word(&message["id"])).collect();
                cursor = ids.first().unwrap().clone();
                up = [ids, up].concat();
                if page["hasMore"] == false {
                    break;
                }
            }
            assert_eq!(up, all[..12]);
        }
    }

    async fn moments_are_cursors_strictly_older_and_newer(world) {
        let (line, all) = filled(&world, 5).await;
        let third = word(&all[2]["receivedAt"]);
        assert_eq!(page(&world, &line, &format!("before={third}")).await, (vec!["1".into(), "0".into()], false));
        assert_eq!(page(&world, &line, &format!("after={third}")).await, (vec!["4".into(), "3".into()], false));
        let offset = third.replace('Z', "+00:00");
        assert_eq!(page(&world, &line, &format!("after={offset}")).await.0.len(), 2);
        assert_eq!(page(&world, &line, "before=2000-01-01T00:00:00Z").await, (Vec::new(), false));
        assert_eq!(page(&world, &line, "after=2000-01-01T00:00:00Z&limit=2").await, (vec!["1".into(), "0".into()], true));
        let between = format!("after={}&before={}", word(&all[4]["id"]), word(&all[1]["id"]));
        assert_eq!(page(&world, &line, &between).await.0, ["2", "1"]);
    }

    async fn other_cursors_and_limits_are_refused(world) {
        let (line, _) = filled(&world, 1).await;
        let get = async |query: &str| world.get(&format!("/v1/numbers/{}/messages?{query}", line.id)).await;
        get("before=yesterday").await.fault("query.before", "value_error");
        get("after=msg_unknown").await.fault("query.after", "value_error");
        get("limit=0").await.fault("query.limit", "greater_than_equal");
        get("limit=201").await.fault("query.limit", "less_than_equal");
        get("limit=200").await.ok();
        get("before=").await.ok();
        world.get("/v1/numbers/num_x/messages").await.refused(404, "PHONE_NUMBER_NOT_FOUND");
        let (_, eve) = world.add_account(None).await;
        let path = format!("/v1/numbers/{}/messages", line.id);
        world.call_as(&eve, "GET", &path, None).await.refused(404, "PHONE_NUMBER_NOT_FOUND");
    }

    async fn a_released_number_shows_its_time_only(world) {
        let (line, _) = filled(&world, 2).await;
        world.delete(&format!("/v1/numbers/{}", line.id)).await.ok();
        let again = world.line("sms").await;
        assert_eq!(again.number, line.number);
        world.hear(ANN, &again, "mine").await;
        assert_eq!(page(&world, &line, "").await.0, ["1", "0"]);
        assert_eq!(page(&world, &again, "").await.0, ["mine"]);
    }
}
