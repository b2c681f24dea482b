//! `[secrets]`: the master keys.

use std::path::{Path, PathBuf};

use offhook_server::compose::{Keys, MasterKey};

use super::reader::Reader;

pub fn read(r: &mut Reader<'_>, data_dir: &Path) -> Keys {
    let file = r.optional("secrets.master_key_file").map(PathBuf::from);
    let Some(texts) = r.optional("secrets.master_key") else {
        return Keys::File(file.unwrap_or_else(|| data_dir.join("master-key")));
    };
    if file.is_some() {
        r.fault("secrets.master_key", "set either this or secrets.master_key_file");
    }
    let mut keys = Vec::new();
    for text in texts.split(',') {
        match MasterKey::parse(text) {
            Ok(key) => keys.push(key),
            Err(what) => r.fault("secrets.master_key", format!("{what}; a key is Base64 of 32 bytes")),
        }
    }
    Keys::Given(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> (Keys, Vec<String>) {
        let table = format!("[secrets]\n{text}").parse().unwrap();
        let mut reader = Reader::new(&table);
        let keys = read(&mut reader, Path::new("/data"));
        (keys, reader.faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_file_in_the_data_directory_unless_told_otherwise() {
        assert!(matches!(keys("").0, Keys::File(path) if path == Path::new("/data/master-key")));
        assert!(matches!(keys("master_key_file = \"/k\"").0, Keys::File(path) if path == Path::new("/k")));
    }

    #[test]
    fn given_keys_are_read_and_never_shown() {
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let (given, faults) = keys(&format!("master_key = \"{key}, {key}\""));
        assert!(faults.is_empty(), "{faults:?}");
        assert!(matches!(&given, Keys::Given(keys) if keys.len() == 2));
        assert!(!format!("{given:?}").contains(key));
        let (_, faults) = keys("master_key = \"hunter2!\"\nmaster_key_file = \"/k\"");
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(!faults.concat().contains("hunter2"), "{faults:?}");
    }
}
