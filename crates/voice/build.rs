//! Links the C speech engines, statically, so that the binary runs on machines
//! without their packages.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// flite in link order: voices, language, lexicon, core.
const FLITE: [&str; 7] = [
    "flite_cmu_us_slt",
    "flite_cmu_us_rms",
    "flite_cmu_us_awb",
    "flite_cmu_us_kal16",
    "flite_usenglish",
    "flite_cmulex",
    "flite",
];
/// pocketsphinx in link order.
const POCKETSPHINX: [&str; 2] = ["pocketsphinx", "sphinxbase"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=OFFHOOK_SPEECH_LIBS");
    link(&FLITE, "flite1-dev");
    link(&POCKETSPHINX, "libpocketsphinx-dev and libsphinxbase-dev");
    println!("cargo:rustc-link-lib=m");
    let models = pkg_config_variable("pocketsphinx", "modeldir")
        .unwrap_or_else(|| "/usr/share/pocketsphinx/model".to_owned());
    println!("cargo:rustc-env=OFFHOOK_POCKETSPHINX_MODELS={models}");
}

fn link(libraries: &[&str], package: &str) {
    let missing = |name: &str| -> ! {
        println!("cargo::error=lib{name}.a was not found");
        println!("cargo::error=on Debian or Ubuntu install {package}; scripts/setup does it");
        println!("cargo::error=elsewhere name the directory of the archive in OFFHOOK_SPEECH_LIBS");
        std::process::exit(1)
    };
    for name in libraries {
        let directory = directories().into_iter().find(|d| d.join(format!("lib{name}.a")).is_file());
        let Some(directory) = directory else { missing(name) };
        println!("cargo:rustc-link-search=native={}", directory.display());
        println!("cargo:rustc-link-lib=static:-bundle={name}");
    }
}

/// Where the archives may lie: what the builder says, then the system's.
fn directories() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        env::var_os("OFFHOOK_SPEECH_LIBS").map(|d| env::split_paths(&d).collect()).unwrap_or_default();
    if let Some(directory) = pkg_config_variable("pocketsphinx", "libdir") {
        found.push(directory.into());
    }
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    for root in ["/usr/local/lib", "/usr/lib", "/opt/homebrew/lib"] {
        found.push(Path::new(root).join(format!("{arch}-linux-gnu")));
        found.push(root.into());
    }
    found.push("/usr/lib64".into());
    found
}

fn pkg_config_variable(package: &str, name: &str) -> Option<String> {
    let output = Command::new("pkg-config").arg(format!("--variable={name}")).arg(package).output().ok()?;
    let value = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !value.is_empty()).then_some(value)
}
