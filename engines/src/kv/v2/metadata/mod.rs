//! `metadata/` and `detailed-metadata/`: what is known of keys beside their data, and which there are.

mod custom;
mod delete;
mod list;
mod read;
mod write;
