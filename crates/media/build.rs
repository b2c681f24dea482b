//! Takes the Silero voice model out of the `silero` package (MIT) that cargo
//! has already fetched, so that the weights are neither in this repository
//! nor downloaded by a script of ours.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

/// Directory of the package; the version is pinned in the root manifest.
const PACKAGE: &str = "silero-0.7.0";
/// SHA-256 of `models/silero_vad.onnx` in `silero` 0.7.0.
const MODEL_SHA256: &str = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let source = silero_package()?.join("models/silero_vad.onnx");
    println!("cargo:rerun-if-changed={}", source.display());
    let model = fs::read(&source).map_err(|e| format!("cannot read {}: {e}", source.display()))?;
    let sum: String = Sha256::digest(&model).iter().map(|byte| format!("{byte:02x}")).collect();
    if sum != MODEL_SHA256 {
        return Err(format!("{} has SHA-256 {sum}, expected {MODEL_SHA256}", source.display()).into());
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("silero_vad.onnx"), model)?;
    Ok(())
}

/// The directory cargo unpacked the `silero` package into.
///
/// Asked of cargo only when it is not in the registry's usual place (a vendored
/// tree): `cargo metadata` resolves the whole workspace again, which costs
/// time and fails while someone is editing a manifest.
fn silero_package() -> Result<PathBuf, Box<dyn Error>> {
    match in_registry() {
        Some(found) => Ok(found),
        None => by_cargo_metadata(),
    }
}

fn in_registry() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))?;
    fs::read_dir(home.join("registry/src"))
        .ok()?
        .filter_map(|registry| Some(registry.ok()?.path().join(PACKAGE)))
        .find(|package| package.is_dir())
}

fn by_cargo_metadata() -> Result<PathBuf, Box<dyn Error>> {
    let manifest = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("Cargo.toml");
    let output = Command::new(env::var("CARGO")?)
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform"])
        .arg(env::var("HOST")?)
        .arg("--manifest-path")
        .arg(manifest)
        .output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "silero")
        .and_then(|package| package["manifest_path"].as_str())
        .and_then(|path| Path::new(path).parent())
        .map(Path::to_path_buf)
        .ok_or_else(|| "cargo metadata names no package `silero`".into())
}
