//! Feedback: kept for the operator, whoever wrote it.

use serde_json::json;

use crate::world::on_both;

on_both! {
    async fn feedback_is_kept_for_the_operator(world) {
        let kept = world.post("/v1/feedback", json!({
            "category": "bug", "note": " No recording. ", "request_id": "req_1", "url": "https://example.com/x",
            "tags": ["recording", "calls"],
        })).await.ok();
        assert!(kept["id"].as_str().unwrap().starts_with("fb_"));
        assert!(kept["ok"] == true && kept["createdAt"].as_str().unwrap().ends_with('Z'));
        let (_, other) = world.add_account(None).await;
        let body = json!({"category": "anything at all", "note": "Thanks"});
        world.call_as(&other, "POST", "/v1/feedback", Some(body)).await.ok();
        let all = world.app.store().latest_feedback(10).await.unwrap();
        let notes: Vec<_> = all.iter().map(|one| one.note.as_str()).collect();
        assert_eq!(notes, ["Thanks", "No recording."], "newest first");
        assert_eq!(all[1].id.as_str(), kept["id"]);
        assert_eq!(all[1].account_id, world.account);
        assert_eq!(all[1].tags, ["recording", "calls"]);
        assert_eq!(all[1].request_id.as_deref(), Some("req_1"));
        assert_eq!(world.app.store().latest_feedback(1).await.unwrap().len(), 1);
    }

    async fn feedback_has_bounds(world) {
        let mut faults = world.post("/v1/feedback", json!({})).await.faults();
        faults.sort();
        assert_eq!(faults, [
            ("body.category".to_owned(), "missing".to_owned()), ("body.note".to_owned(), "missing".to_owned()),
        ]);
        let with = |name: &str, value| {
            let mut body = json!({"category": "c", "note": "n"});
            body[name] = value;
            world.post("/v1/feedback", body)
        };
        with("note", json!("n".repeat(10_000))).await.ok();
        with("note", json!("n".repeat(10_001))).await.fault("body.note", "string_too_long");
        with("category", json!(" ")).await.fault("body.category", "string_too_short");
        with("tags", json!("bug")).await.fault("body.tags", "list_type");
        with("tags", json!(vec!["t"; 51])).await.fault("body.tags", "too_long");
    }
}
