//! Rules of the whole tree, run as tests: which crate may depend on which, and what no file may hold.
