//! Where memory comes from, and that it goes back when it is not needed.
//!
//! The C library's allocator keeps a pool for each thread, and in each what its worst moment took. Its options are set in
//! `.cargo/config.toml`, at build time.

#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Lets memory go back to the system while nothing is asked of the process. That is a thread's work, which has the rights
/// that the process has now: to be called when it is the user that it stays.
pub(crate) fn return_idle_memory() {
    #[cfg(feature = "jemalloc")]
    if let Err(error) = tikv_jemalloc_ctl::background_thread::write(true) {
        tracing::warn!("memory that is not used is kept: {error}");
    }
}

#[cfg(all(test, feature = "jemalloc"))]
mod tests {
    #[test]
    fn it_was_built_with_its_options() {
        let options = tikv_jemalloc_ctl::config::malloc_conf::read().unwrap();
        assert!(options.contains("retain:false"), "{options:?}");
    }
}
