//! Takes `multipart/form-data` (RFC 7578) apart: as much as an upload needs.

use std::collections::HashMap;

/// The parts of a form, by name.
pub(super) fn parse(content_type: &str, body: &[u8]) -> Option<HashMap<String, Vec<u8>>> {
    let boundary = content_type.split(';').find_map(|p| p.trim().strip_prefix("boundary="))?;
    let mark = format!("--{}", boundary.trim_matches('"')).into_bytes();
    let mut parts = HashMap::new();
    let mut at = find(body, &mark)? + mark.len();
    while !body[at..].starts_with(b"--") {
        let next = at + find(&body[at..], &mark)?;
        // The line break before a boundary belongs to the boundary.
        let part = body.get(at + 2..next.checked_sub(2)?)?;
        let head_end = find(part, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&part[..head_end]);
        if let Some(name) = name_of(&head) {
            parts.insert(name, part[head_end + 4..].to_vec());
        }
        at = next + mark.len();
    }
    Some(parts)
}

fn name_of(head: &str) -> Option<String> {
    let line = head.lines().find(|l| l.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let name = line.split(';').find_map(|p| p.trim().strip_prefix("name="))?;
    Some(name.trim_matches('"').to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_files_come_by_name() {
        let body = b"--X\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--X\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n\
            RIFF\r\n\x00--\r\n--X--\r\n";
        let parts = parse("multipart/form-data; boundary=X", body).unwrap();
        assert_eq!(parts["model"], b"whisper-1");
        assert_eq!(parts["file"], b"RIFF\r\n\x00--");
    }

    #[test]
    fn what_is_cut_off_is_nothing() {
        assert!(parse("multipart/form-data; boundary=X", b"--X\r\nContent-Disp").is_none());
        assert!(parse("application/json", b"{}").is_none());
        assert!(parse("multipart/form-data; boundary=X", b"--X").is_none());
    }
}
