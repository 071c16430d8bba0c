//! The engine as a whole, on storage in memory.

mod behaviour;
mod concurrency;
mod model;
mod openbao_storage;
mod upgrade;
