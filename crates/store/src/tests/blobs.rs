use offhook_model::id::CallId;
use tokio::io::AsyncReadExt as _;

use crate::{BlobError, Blobs};

#[tokio::test]
async fn a_recording_is_read_in_ranges_and_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(directory.path().join("deep/recordings")).await.unwrap();
    let call = CallId::from("call_1");
    assert!(blobs.recording(&call).await.unwrap().is_none());
    tokio::fs::write(blobs.recording_path(&call).unwrap(), b"0123456789").await.unwrap();
    for (start, length, expected) in [(0, 10, "0123456789"), (3, 4, "3456"), (8, 100, "89"), (50, 1, "")] {
        let blob = blobs.recording(&call).await.unwrap().unwrap();
        assert_eq!(blob.size_bytes, 10);
        let mut text = String::new();
        blob.range(start, length).await.unwrap().read_to_string(&mut text).await.unwrap();
        assert_eq!(text, expected);
    }
    assert!(blobs.delete_recording(&call).await.unwrap());
    assert!(!blobs.delete_recording(&call).await.unwrap());
}

#[tokio::test]
async fn no_id_leads_out_of_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(directory.path().join("recordings")).await.unwrap();
    tokio::fs::write(directory.path().join("secret.wav"), b"secret").await.unwrap();
    let long = "a".repeat(129);
    for id in ["../secret", "/etc/passwd", "", "a/b", "a\\b", "a\0b", "..", "call_ü", long.as_str()] {
        let call = CallId::from(id);
        assert!(matches!(blobs.recording_path(&call), Err(BlobError::BadName)), "{id}");
        assert!(blobs.recording(&call).await.unwrap().is_none(), "{id}");
    }
}
