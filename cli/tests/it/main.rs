//! The client as a program: beside the reference's, and against servers that play a script.

mod against_reference;
mod own_ways;
mod program;
mod prompts;
mod reference;
mod scripted;
mod transport;
