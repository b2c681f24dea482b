//! The part of flite 2.2's C interface that is used (`flite/flite.h`).

use std::ffi::{c_char, c_float, c_int, c_short, c_void};

/// An opaque C type.
macro_rules! opaque {
    ($($name:ident)*) => {$(
        #[repr(C)]
        pub(super) struct $name {
            _private: [u8; 0],
        }
    )*};
}

opaque! { Voice Features Value Relation Item }

/// `cst_wave`.
#[repr(C)]
pub(super) struct Wave {
    pub kind: *const c_char,
    pub sample_rate: c_int,
    pub num_samples: c_int,
    pub num_channels: c_int,
    pub samples: *const c_short,
}

/// `cst_utterance`; allocated by flite, only its first field is used.
#[repr(C)]
pub(super) struct Utterance {
    pub features: *mut Features,
    _ffunctions: *mut Features,
    _relations: *mut Features,
    _allocation: *mut c_void,
}

pub(super) type StreamCallback = unsafe extern "C" fn(
    wave: *const Wave,
    start: c_int,
    size: c_int,
    last: c_int,
    info: *mut StreamInfo,
) -> c_int;

/// `cst_audio_streaming_info`.
#[repr(C)]
pub(super) struct StreamInfo {
    pub min_buffsize: c_int,
    pub callback: Option<StreamCallback>,
    pub utterance: *const Utterance,
    pub item: *const Item,
    pub userdata: *mut c_void,
}

/// `CST_AUDIO_STREAM_CONT`.
pub(super) const STREAM_CONTINUE: c_int = 0;
/// `CST_AUDIO_STREAM_STOP`.
pub(super) const STREAM_STOP: c_int = -1;

unsafe extern "C" {
    pub(super) fn flite_init() -> c_int;
    pub(super) fn register_cmu_us_slt(directory: *const c_char) -> *mut Voice;
    pub(super) fn register_cmu_us_rms(directory: *const c_char) -> *mut Voice;
    pub(super) fn register_cmu_us_awb(directory: *const c_char) -> *mut Voice;
    pub(super) fn register_cmu_us_kal16(directory: *const c_char) -> *mut Voice;

    pub(super) fn new_utterance() -> *mut Utterance;
    pub(super) fn delete_utterance(utterance: *mut Utterance);
    pub(super) fn utt_set_input_text(utterance: *mut Utterance, text: *const c_char) -> c_int;
    pub(super) fn utt_init(utterance: *mut Utterance, voice: *mut Voice) -> *mut Utterance;
    pub(super) fn utt_synth(utterance: *mut Utterance) -> *mut Utterance;
    pub(super) fn utt_relation(utterance: *const Utterance, name: *const c_char) -> *mut Relation;
    pub(super) fn relation_head(relation: *mut Relation) -> *mut Item;
    pub(super) fn item_next(item: *const Item) -> *mut Item;
    pub(super) fn flite_ffeature_string(item: *const Item, path: *const c_char) -> *const c_char;
    pub(super) fn flite_ffeature_float(item: *const Item, path: *const c_char) -> c_float;

    pub(super) fn new_audio_streaming_info() -> *mut StreamInfo;
    pub(super) fn audio_streaming_info_val(info: *mut StreamInfo) -> *mut Value;
    pub(super) fn flite_feat_set(features: *mut Features, name: *const c_char, value: *const Value);
    pub(super) fn flite_feat_set_float(features: *mut Features, name: *const c_char, value: c_float);
}

/// flite's archive also plays to ALSA sound cards, which would tie the binary
/// to libasound. These take the place of that one object file: they are what
/// flite sees on a machine without a sound card. Nothing here ever plays.
pub(super) mod no_sound_card {
    use std::ffi::{c_int, c_void};

    /// No device.
    #[unsafe(no_mangle)]
    extern "C" fn audio_open_alsa(_rate: c_int, _channels: c_int, _format: c_int) -> *mut c_void {
        std::ptr::null_mut()
    }
    /// Fails.
    #[unsafe(no_mangle)]
    extern "C" fn audio_close_alsa(_device: *mut c_void) -> c_int {
        -1
    }
    /// Fails.
    #[unsafe(no_mangle)]
    extern "C" fn audio_write_alsa(_device: *mut c_void, _samples: *mut c_void, _bytes: c_int) -> c_int {
        -1
    }
    /// Fails.
    #[unsafe(no_mangle)]
    extern "C" fn audio_drain_alsa(_device: *mut c_void) -> c_int {
        -1
    }
    /// Fails.
    #[unsafe(no_mangle)]
    extern "C" fn audio_flush_alsa(_device: *mut c_void) -> c_int {
        -1
    }

    /// Their addresses, used so that every linker takes them from here before
    /// it looks into the archive.
    pub(in super::super) fn addresses() -> [usize; 5] {
        [
            audio_open_alsa as *const () as usize,
            audio_close_alsa as *const () as usize,
            audio_write_alsa as *const () as usize,
            audio_drain_alsa as *const () as usize,
            audio_flush_alsa as *const () as usize,
        ]
    }
}
