//! The part of pocketsphinx 0.8 (5prealpha) and sphinxbase that is used.

use std::ffi::{c_char, c_double, c_float, c_int, c_short, c_void};

/// An opaque C type.
macro_rules! opaque {
    ($($name:ident)*) => {$(
        #[repr(C)]
        pub(super) struct $name {
            _private: [u8; 0],
        }
    )*};
}

opaque! { Decoder CommandLine Arguments LogMath File }

/// `feat_t`, up to the field that is used (`sphinxbase/feat.h`).
#[repr(C)]
pub(super) struct Feat {
    _refcount: c_int,
    _name: *mut c_char,
    _cepsize: i32,
    _n_stream: i32,
    _stream_len: *mut u32,
    _window_size: i32,
    _n_sv: i32,
    _sv_len: *mut u32,
    _subvecs: *mut *mut i32,
    _sv_buf: *mut c_float,
    _sv_dim: i32,
    _cmn: c_int,
    _varnorm: i32,
    _agc: c_int,
    _compute_feat: *mut c_void,
    pub cmn_struct: *mut Cmn,
}

/// `cmn_t` (`sphinxbase/cmn.h`): the running cepstral mean.
#[repr(C)]
pub(super) struct Cmn {
    pub mean: *mut c_float,
    _var: *mut c_float,
    pub sum: *mut c_float,
    pub nframe: i32,
    pub veclen: i32,
}

unsafe extern "C" {
    pub(super) fn err_set_logfp(file: *mut File);
    pub(super) fn ps_args() -> *const Arguments;
    pub(super) fn cmd_ln_init(
        inout: *mut CommandLine,
        defn: *const Arguments,
        strict: i32,
        ...
    ) -> *mut CommandLine;
    pub(super) fn cmd_ln_free_r(line: *mut CommandLine) -> c_int;
    pub(super) fn ps_init(config: *mut CommandLine) -> *mut Decoder;
    pub(super) fn ps_free(decoder: *mut Decoder) -> c_int;
    pub(super) fn ps_get_feat(decoder: *mut Decoder) -> *mut Feat;
    pub(super) fn ps_get_logmath(decoder: *mut Decoder) -> *mut LogMath;
    pub(super) fn logmath_exp(logmath: *mut LogMath, log: c_int) -> c_double;
    pub(super) fn ps_start_stream(decoder: *mut Decoder) -> c_int;
    pub(super) fn ps_start_utt(decoder: *mut Decoder) -> c_int;
    pub(super) fn ps_process_raw(
        decoder: *mut Decoder,
        samples: *const c_short,
        count: usize,
        no_search: c_int,
        full_utterance: c_int,
    ) -> c_int;
    pub(super) fn ps_end_utt(decoder: *mut Decoder) -> c_int;
    pub(super) fn ps_get_hyp(decoder: *mut Decoder, score: *mut i32) -> *const c_char;
    pub(super) fn ps_get_prob(decoder: *mut Decoder) -> i32;
}

/// sphinxbase's matrix functions want LAPACK and BLAS (and with them a Fortran
/// runtime), but only for speaker adaptation, which is not used. These report
/// failure the way LAPACK does.
pub(super) mod no_lapack {
    use std::ffi::c_void;

    /// Solves nothing: `info` becomes -1.
    ///
    /// # Safety
    /// As LAPACK's: `info` may be written.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn sposv_(
        _uplo: *const c_void,
        _n: *const c_void,
        _nrhs: *const c_void,
        _a: *mut c_void,
        _lda: *const c_void,
        _b: *mut c_void,
        _ldb: *const c_void,
        info: *mut i32,
    ) {
        if !info.is_null() {
            // SAFETY: LAPACK's contract.
            unsafe { *info = -1 };
        }
    }

    /// Factors nothing: `info` becomes -1.
    ///
    /// # Safety
    /// As LAPACK's: `info` may be written.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn spotrf_(
        _uplo: *const c_void,
        _n: *const c_void,
        _a: *mut c_void,
        _lda: *const c_void,
        info: *mut i32,
    ) {
        if !info.is_null() {
            // SAFETY: LAPACK's contract.
            unsafe { *info = -1 };
        }
    }

    /// Multiplies nothing.
    #[unsafe(no_mangle)]
    extern "C" fn ssymm_() {}

    /// Their addresses, used so that every linker takes them from here.
    pub(in super::super) fn addresses() -> [usize; 3] {
        [sposv_ as *const () as usize, spotrf_ as *const () as usize, ssymm_ as *const () as usize]
    }
}
