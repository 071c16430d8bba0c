//! Where memory comes from, and that it goes back when it is not needed.
//!
//! The C library's allocator keeps a pool for each thread, and in each what its worst moment took. jemalloc's options are
//! set in `.cargo/config.toml`, at build time.

#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Lets memory go back to the system while nothing is asked of the process. That is a thread's work, which has the rights
/// that the process has now: to be called when it is the user that it stays.
pub(crate) fn return_idle_memory() {
    #[cfg(feature = "jemalloc")]
    {
        if let Err(error) = tikv_jemalloc_ctl::background_thread::write(true) {
            tracing::warn!("memory that is not used is kept: {error}");
        }
        if !has_its_options() {
            tracing::warn!(
                "this build lacks the allocator's options of .cargo/config.toml: locked memory that is not used is kept"
            );
        }
    }
}

/// Not where it was built from another folder than the repository's.
#[cfg(feature = "jemalloc")]
fn has_its_options() -> bool {
    tikv_jemalloc_ctl::config::malloc_conf::read().is_ok_and(|options| options.contains("retain:false"))
}

#[cfg(all(test, feature = "jemalloc"))]
mod tests {
    #[test]
    fn it_was_built_with_its_options() {
        assert!(super::has_its_options());
    }
}
