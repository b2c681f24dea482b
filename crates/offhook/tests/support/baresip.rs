//! baresip, a softphone of others: headless, driven over its control port,
//! speaking from WAV files and keeping what it hears in one.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Rate of a softphone's audio.
pub const RATE: u32 = 8_000;

/// A registered softphone; dropped, it is gone.
pub struct Softphone {
    child: Child,
    control: TcpStream,
    unread: Vec<u8>,
    /// Every event so far, in order.
    pub events: Vec<Value>,
    pub dir: tempfile::TempDir,
    files: u32,
}

impl Softphone {
    /// Registers at `server` as `user`; answers calls by itself.
    pub fn register(server: SocketAddr, user: &str, password: &str) -> Self {
        let mut phone = Self::start(server, user, password);
        phone.wait_for_log("200 OK");
        phone
    }

    /// Starts, and tries to register.
    pub fn start(server: SocketAddr, user: &str, password: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sip = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let control = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let here = dir.path().display();
        std::fs::create_dir(dir.path().join("heard")).unwrap();
        write_wav(&dir.path().join("silence.wav"), &vec![0; 120 * RATE as usize]);
        let modules: String = [
            "module g711.so",
            "module aufile.so",
            "module aubridge.so",
            "module sndfile.so",
            "module_tmp uuid.so",
            "module_tmp account.so",
            "module_app menu.so",
            "module_app ctrl_tcp.so",
        ]
        .map(|line| format!("{line}\n"))
        .concat();
        let config = format!(
            "poll_method epoll\nsip_listen {sip}\nnet_interface 127.0.0.1\nctrl_tcp_listen {control}\n\
             audio_source aufile,{here}/silence.wav\naudio_player aubridge,nowhere\naudio_alert aubridge,nowhere\n\
             audio_srate {RATE}\naudio_channels 1\nsnd_path {here}/heard\nmodule_path /usr/lib/baresip/modules\n{modules}"
        );
        let account = format!(
            "<sip:{user}@{server}>;auth_pass={password};regint=60;answermode=auto;audio_codecs=pcmu\n"
        );
        for (name, text) in [("config", config.as_str()), ("accounts", account.as_str()), ("contacts", "")] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let child = Command::new("baresip")
            .args(["-f".as_ref(), dir.path().as_os_str()])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("baresip is installed (scripts/setup test)");
        let control = connect(control);
        control.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        Self { child, control, unread: Vec::new(), events: Vec::new(), dir, files: 0 }
    }

    /// Waits until the log says this.
    pub fn wait_for_log(&mut self, text: &str) {
        let start = Instant::now();
        while !self.log().contains(text) {
            assert!(start.elapsed() < Duration::from_secs(10), "baresip did not say {text}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        self.read();
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Gives baresip a command of its menu.
    pub fn command(&mut self, command: &str, params: &str) {
        let body = json!({"command": command, "params": params}).to_string();
        write!(self.control, "{}:{body},", body.len()).unwrap();
    }

    /// Calls a number and waits for the answer.
    pub fn dial(&mut self, number: &str, server: SocketAddr) {
        self.command("dial", &format!("sip:{number}@{server}"));
        self.wait_for("CALL_ESTABLISHED", Duration::from_secs(10));
    }

    /// Speaks this (8 kHz), then is silent.
    pub fn say(&mut self, samples: &[i16]) {
        self.files += 1;
        let path = self.dir.path().join(format!("say{}.wav", self.files));
        let mut whole = samples.to_vec();
        whole.resize(whole.len() + 120 * RATE as usize, 0);
        write_wav(&path, &whole);
        self.command("ausrc", &format!("aufile,{}", path.display()));
    }

    /// Waits for an event of this type.
    pub fn wait_for(&mut self, kind: &str, limit: Duration) {
        let start = Instant::now();
        loop {
            self.read();
            if self.events.iter().any(|event| event["type"] == kind) {
                return;
            }
            assert!(start.elapsed() < limit, "no {kind} in {:?}\n{}", self.events, self.log());
        }
    }

    /// What has been heard of the call so far, 8 kHz. The file grows while the
    /// call goes on, so that its header is not yet true.
    pub fn heard(&self) -> Vec<i16> {
        let files = std::fs::read_dir(self.dir.path().join("heard")).unwrap().flatten();
        let mut dumps: Vec<PathBuf> = files
            .map(|file| file.path())
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            .collect();
        dumps.sort();
        let bytes = dumps.last().map(|path| std::fs::read(path).unwrap()).unwrap_or_default();
        bytes
            .get(44..)
            .unwrap_or_default()
            .as_chunks()
            .0
            .iter()
            .map(|pair| i16::from_le_bytes(*pair))
            .collect()
    }

    /// Reads the events that have come.
    fn read(&mut self) {
        let mut buffer = [0; 4096];
        while let Ok(length) = self.control.read(&mut buffer) {
            assert!(length > 0, "baresip is gone:\n{}", self.log());
            self.unread.extend(&buffer[..length]);
            if length < buffer.len() {
                break;
            }
        }
        // Netstrings: "12:{…},"
        while let Some(colon) = self.unread.iter().position(|&byte| byte == b':') {
            let length: usize = std::str::from_utf8(&self.unread[..colon]).unwrap().parse().unwrap();
            let end = colon + 1 + length;
            if self.unread.len() <= end {
                break;
            }
            self.events.push(serde_json::from_slice(&self.unread[colon + 1..end]).unwrap());
            self.unread.drain(..=end);
        }
    }
}

impl Drop for Softphone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let start = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(error) => {
                assert!(start.elapsed() < Duration::from_secs(10), "baresip does not listen: {error}")
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// 16-bit mono at [`RATE`].
fn write_wav(path: &std::path::Path, samples: &[i16]) {
    let length = u32::try_from(samples.len() * 2).unwrap();
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend([1_u16, 1].map(u16::to_le_bytes).concat());
    file.extend([RATE, 2 * RATE].map(u32::to_le_bytes).concat());
    file.extend([2_u16, 16].map(u16::to_le_bytes).concat());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    std::fs::write(path, file).unwrap();
}
