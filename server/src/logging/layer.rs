//! The bridge from `tracing` to lines.

use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::format::Record;
use super::levels::{self, LogLevels};
use super::{LogTap, Sink, subsystem};
use crate::config::LogFormat;

pub(super) struct LogLayer {
    pub(super) levels: Arc<LogLevels>,
    pub(super) tap: LogTap,
    pub(super) sink: Arc<Sink>,
    pub(super) format: LogFormat,
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn register_callsite(&self, _metadata: &'static Metadata<'static>) -> Interest {
        // Levels change, so each event is asked about.
        Interest::sometimes()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.levels.most_detailed())
    }

    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        metadata.is_event()
            && self.levels.wants(subsystem::of_target(metadata.target()), levels::of_tracing(*metadata.level()))
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let (name, level) = (subsystem::of_target(metadata.target()), levels::of_tracing(*metadata.level()));
        let record = Arc::new(Record::new(level, name, event));
        if self.levels.writes(name, level) {
            self.sink.write(&record.line(self.format));
        }
        self.tap.tell(&record);
    }
}
