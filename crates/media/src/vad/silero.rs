//! The Silero voice activity network, run by rten behind an energy gate.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use rten::{Model, NodeId, RunOptions, ThreadPool, Value};

use super::{EnergyVad, Vad};
use crate::{Frame, frame::RATE};

static MODEL: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/silero_vad.onnx"));

/// New samples per run of the network: 32 ms.
const WINDOW: usize = 512;
/// Samples of the window before that the network wants to see again.
const CONTEXT: usize = 64;
/// Shape of the recurrent state.
const STATE_SHAPE: [usize; 3] = [2, 1, 128];
/// Numbers in the recurrent state.
const STATE: usize = 256;
/// Frames nearer to the noise floor than this are not worth a run, dB.
const GATE_MARGIN_DB: f32 = 3.0;
/// Frames the gate stays open after the last one that was loud enough: half a
/// second, so that the network itself sees the speech end.
const GATE_HOLD_FRAMES: u8 = 25;

/// The voice detector could not be made ready.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VadError {
    /// The built-in model does not load: a build fault.
    #[error("the Silero model cannot be loaded: {0}")]
    Load(String),
}

/// The network and where its inputs are; one per process.
struct Network {
    model: Model,
    input: NodeId,
    state: NodeId,
    rate: NodeId,
    output: NodeId,
    next_state: NodeId,
    /// Single-threaded pools, one per core: a run stays on one thread (fanning
    /// a 32 ms window out costs more than it gains), calls spread over cores.
    pools: Vec<Arc<ThreadPool>>,
}

impl Network {
    fn load() -> Result<Self, VadError> {
        let fault = |e: &dyn std::fmt::Display| VadError::Load(e.to_string());
        let model = Model::load_static_slice(MODEL).map_err(|e| fault(&e))?;
        let node = |name: &str| model.node_id(name).map_err(|e| fault(&e));
        let (input, state, rate) = (node("input")?, node("state")?, node("sr")?);
        let (output, next_state) = (node("output")?, node("stateN")?);
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(16);
        let pools = (0..cores).map(|_| Arc::new(ThreadPool::with_num_threads(1))).collect();
        Ok(Self { model, input, state, rate, output, next_state, pools })
    }

    /// The shared network, loaded at the first call (some 30 ms).
    fn shared() -> Result<&'static Self, VadError> {
        static SHARED: OnceLock<Result<Network, VadError>> = OnceLock::new();
        SHARED.get_or_init(Self::load).as_ref().map_err(Clone::clone)
    }

    fn pool_for_next_call(&self) -> Arc<ThreadPool> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let index = NEXT.fetch_add(1, Ordering::Relaxed) % self.pools.len();
        Arc::clone(&self.pools[index])
    }

    /// One window through the network: probability and the next state.
    fn run(&self, pool: &Arc<ThreadPool>, samples: Vec<f32>, state: Vec<f32>) -> Option<(f32, Vec<f32>)> {
        let samples = Value::from_shape([1, samples.len()], samples).ok()?;
        let state = Value::from_shape(STATE_SHAPE, state).ok()?;
        let inputs = vec![
            (self.input, samples.into()),
            (self.state, state.into()),
            (self.rate, Value::from(RATE.cast_signed()).into()),
        ];
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
        let outputs = self.model.run(inputs, &[self.output, self.next_state], Some(options)).ok()?;
        let [output, state]: [Value; 2] = outputs.try_into().ok()?;
        let (_, probability) = output.into_shape_vec::<f32, 2>().ok()?;
        let (_, state) = state.into_shape_vec::<f32, 3>().ok()?;
        if state.len() != STATE {
            return None;
        }
        Some((*probability.first()?, state))
    }
}

/// Silero VAD for one direction of one call.
///
/// Costs about 1 % of a core while the line is not silent, next to nothing in
/// silence, and 4 KB. [`push`](Vad::push) runs the network on one window in
/// roughly every second frame and blocks for its 0.3 ms.
pub struct SileroVad {
    network: &'static Network,
    pool: Arc<ThreadPool>,
    gate: EnergyVad,
    gate_open_frames: u8,
    /// Context, then the window being filled.
    samples: Vec<f32>,
    state: Vec<f32>,
    window_is_loud: bool,
    probability: f32,
    runs: u64,
    skips: u64,
}

impl SileroVad {
    /// A detector in its initial state.
    ///
    /// The first of the process loads the model; the others are cheap.
    ///
    /// # Errors
    /// [`VadError::Load`] if the built-in model does not load.
    pub fn new() -> Result<Self, VadError> {
        let network = Network::shared()?;
        let mut samples = Vec::with_capacity(CONTEXT + WINDOW);
        samples.resize(CONTEXT, 0.0);
        Ok(Self {
            network,
            pool: network.pool_for_next_call(),
            gate: EnergyVad::new(),
            gate_open_frames: 0,
            samples,
            state: vec![0.0; STATE],
            window_is_loud: false,
            probability: 0.0,
            runs: 0,
            skips: 0,
        })
    }

    /// Windows the network was run on.
    #[must_use]
    pub fn windows_run(&self) -> u64 {
        self.runs
    }

    /// Windows of evident silence, which it was spared.
    #[must_use]
    pub fn windows_skipped(&self) -> u64 {
        self.skips
    }

    fn finish_window(&mut self, fallback: f32) {
        let mut next = Vec::with_capacity(CONTEXT + WINDOW);
        next.extend_from_slice(&self.samples[WINDOW..]);
        let window = std::mem::replace(&mut self.samples, next);
        if !std::mem::take(&mut self.window_is_loud) {
            self.skips += 1;
            self.probability = 0.0;
            self.state.fill(0.0);
            return;
        }
        self.runs += 1;
        match self.network.run(&self.pool, window, std::mem::take(&mut self.state)) {
            Some((probability, state)) => {
                self.probability = probability.clamp(0.0, 1.0);
                self.state = state;
            }
            // The network is deterministic and its shapes are fixed, so this is
            // not expected; a call must go on all the same.
            None => {
                self.probability = fallback;
                self.state = vec![0.0; STATE];
            }
        }
    }
}

impl Vad for SileroVad {
    fn push(&mut self, frame: &Frame) -> f32 {
        let by_energy = self.gate.push(frame);
        if self.gate.is_silent(GATE_MARGIN_DB) {
            self.gate_open_frames = self.gate_open_frames.saturating_sub(1);
        } else {
            self.gate_open_frames = GATE_HOLD_FRAMES;
        }
        let mut rest = frame.0.as_slice();
        while !rest.is_empty() {
            self.window_is_loud |= self.gate_open_frames > 0;
            let (now, later) = rest.split_at(rest.len().min(CONTEXT + WINDOW - self.samples.len()));
            self.samples.extend(now.iter().map(|&s| f32::from(s) / 32_768.0));
            rest = later;
            if self.samples.len() == CONTEXT + WINDOW {
                self.finish_window(by_energy);
            }
        }
        self.probability
    }

    fn reset(&mut self) {
        self.gate.reset();
        self.gate_open_frames = 0;
        self.samples.clear();
        self.samples.resize(CONTEXT, 0.0);
        self.state.clear();
        self.state.resize(STATE, 0.0);
        self.window_is_loud = false;
        self.probability = 0.0;
    }
}

impl std::fmt::Debug for SileroVad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SileroVad")
            .field("probability", &self.probability)
            .field("runs", &self.runs)
            .field("skips", &self.skips)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
