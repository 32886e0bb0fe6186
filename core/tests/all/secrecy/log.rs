//! Everything that a process logs, at the most talkative level.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span;

/// What was logged since it began: by `tracing` (this library), and by `log` (the HTTP stack).
#[derive(Clone, Default)]
pub struct Log {
    pub tracing: Arc<Mutex<String>>,
    pub log: Arc<Mutex<String>>,
}

impl Log {
    /// Begins to listen; once in a process.
    pub fn begin() -> Self {
        let log = Self::default();
        tracing::subscriber::set_global_default(Listener(log.tracing.clone())).expect("no other subscriber");
        log::set_boxed_logger(Box::new(Listener(log.log.clone()))).expect("no other logger");
        log::set_max_level(log::LevelFilter::Trace);
        log
    }
}

struct Listener(Arc<Mutex<String>>);

impl Listener {
    fn note(&self, text: std::fmt::Arguments<'_>) {
        writeln!(self.0.lock().unwrap(), "{text}").unwrap();
    }
}

impl Visit for &Listener {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.note(format_args!("{field}={value:?}"));
    }
}

impl tracing::Subscriber for Listener {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        self.note(format_args!("{}", attributes.metadata().name()));
        attributes.record(&mut &*self);
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut &*self);
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        self.note(format_args!("{}", event.metadata().target()));
        event.record(&mut &*self);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl log::Log for Listener {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        self.note(format_args!("{} {}", record.target(), record.args()));
    }
    fn flush(&self) {}
}
