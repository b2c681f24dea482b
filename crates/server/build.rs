//! Takes Swagger UI out of the registry package that carries it, so that the
//! binary serves the reference page without any network.

use std::{
    env,
    error::Error,
    fs,
    io::{Cursor, Read as _, Write as _},
    path::PathBuf,
};

use flate2::{Compression, write::GzEncoder};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// Where they are in the archive of the pinned version.
const DIST: &str = "swagger-ui-5.32.6/dist";
/// Files that the page needs.
const FILES: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for file in FILES {
        let mut content = Vec::new();
        archive.by_name(&format!("{DIST}/{file}"))?.read_to_end(&mut content)?;
        let mut packed =
            GzEncoder::new(fs::File::create(out.join(format!("{file}.gz")))?, Compression::best());
        packed.write_all(&content)?;
        packed.finish()?;
    }
    Ok(())
}
