//! The functions of libcaltrop, found by name, typed as `caltrop.h` has them.

use std::{
    ffi::{OsStr, c_char, c_void},
    path::Path,
};

use caltrop::{
    CALTROP_ABI_MAJOR, CaltropAlert, CaltropAlertFn, CaltropCompiler, CaltropCompilerOptions,
    CaltropEngine, CaltropEngineOptions, CaltropEvent, CaltropRuleset, CaltropStatus, CaltropStr,
};
use libloading::Library;

use crate::error::{LoadError, LoadErrorKind};

/// Declares the table: one function pointer for each name.
macro_rules! functions {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// Every function that the loader calls, and the library that they live in.
        pub(crate) struct Functions {
            $(pub(crate) $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            // The pointers are good for as long as it is open.
            _library: Library,
        }

        impl Functions {
            fn find(library: Library) -> Result<Self, &'static str> {
                Ok(Self {
                    $($name: {
                        let name = concat!("caltrop_", stringify!($name));
                        // SAFETY: a library of this ABI has it with the type of caltrop.h, which is this one.
                        *unsafe { library.get(name) }.map_err(|_| name)?
                    },)*
                    _library: library,
                })
            }
        }
    };
}

functions! {
    strerror: fn(CaltropStatus) -> *const c_char;
    version: fn() -> *const c_char;
    compiler_new: fn(*const CaltropCompilerOptions, *mut *mut CaltropCompiler) -> CaltropStatus;
    compiler_free: fn(*mut CaltropCompiler);
    compiler_add_yaml: fn(*mut CaltropCompiler, CaltropStr, CaltropStr) -> CaltropStatus;
    compiler_add_spl: fn(*mut CaltropCompiler, CaltropStr, CaltropStr) -> CaltropStatus;
    compiler_add_knowledge: fn(*mut CaltropCompiler, CaltropStr, CaltropStr) -> CaltropStatus;
    compiler_build: fn(*mut CaltropCompiler, *mut *mut CaltropRuleset, *mut usize) -> CaltropStatus;
    compiler_last_error: fn(*const CaltropCompiler) -> CaltropStr;
    ruleset_unref: fn(*mut CaltropRuleset);
    ruleset_len: fn(*const CaltropRuleset) -> usize;
    engine_new: fn(
        *const CaltropRuleset,
        *const CaltropEngineOptions,
        CaltropAlertFn,
        *mut c_void,
        *mut *mut CaltropEngine
    ) -> CaltropStatus;
    engine_free: fn(*mut CaltropEngine);
    engine_push: fn(*mut CaltropEngine, *const CaltropEvent) -> CaltropStatus;
    engine_advance: fn(*mut CaltropEngine, i64, i64) -> CaltropStatus;
    engine_finish: fn(*mut CaltropEngine) -> CaltropStatus;
    engine_last_error: fn(*const CaltropEngine) -> CaltropStr;
    alert_json: fn(*const CaltropAlert, *mut CaltropStr) -> CaltropStatus;
}

impl Functions {
    /// Opens the library at `path`, asks for its ABI before anything else, and finds the functions.
    pub(crate) fn open(path: &Path) -> Result<Self, LoadError> {
        let failed = |kind| LoadError { path: path.to_owned(), kind };
        // SAFETY: this runs whatever the file runs when it is opened; the module's comment says who answers for that.
        let library = unsafe { Library::new(AsRef::<OsStr>::as_ref(path)) };
        let library = library.map_err(|error| failed(LoadErrorKind::Open(error)))?;
        let abi_version = "caltrop_abi_version";
        // SAFETY: every version of libcaltrop has it with this type.
        let abi = unsafe { library.get::<unsafe extern "C" fn() -> u32>(abi_version) };
        let abi = abi.map_err(|_| failed(LoadErrorKind::Missing(abi_version)))?;
        // SAFETY: it takes nothing and always answers.
        let abi = unsafe { abi() };
        let (major, minor) = (abi >> 16, abi & 0xffff);
        if major != CALTROP_ABI_MAJOR {
            return Err(failed(LoadErrorKind::Abi { major, minor }));
        }
        Self::find(library).map_err(|name| failed(LoadErrorKind::Missing(name)))
    }
}
