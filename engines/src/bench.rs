//! Runs a backend against storage in memory, the way the pipeline does: a transaction a call, committed if it succeeds.

use std::sync::Arc;
use std::time::Duration;

use coffer_core::mount::{Mount, MountKind};
use coffer_core::{Backend, Body, Call, Context, Failure, Operation, Payload, Progress, Request, Response, Timestamp};
use serde_json::{Map, Value};

use crate::bench_store::State;

pub(crate) struct Bench {
    pub(crate) state: State,
    pub(crate) mount: Mount,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) now: Timestamp,
}

impl Bench {
    /// A new mount of type `kv`.
    pub(crate) fn kv(version: &str) -> Self {
        let mut bench = Self::on(Self::mount(version));
        bench.run(|backend, cx| backend.prepare(cx)).unwrap();
        bench
    }

    /// A row of the mount table.
    pub(crate) fn mount(version: &str) -> Mount {
        let mut mount = Mount::new(MountKind::Secrets, "kv/", "kv");
        mount.options = Some([("version".to_owned(), version.to_owned())].into());
        mount
    }

    /// A mount whose storage may have something in it.
    pub(crate) fn on(mount: Mount) -> Self {
        let backend = crate::kv(&mount).unwrap();
        let now = Timestamp::from_unix(1_800_000_000).unwrap();
        Self { state: State::of(&mount), mount, backend, now }
    }

    /// Changes the option `version`, as tuning a mount does.
    pub(crate) fn set_version(&mut self, version: &str) {
        self.mount.options = Some([("version".to_owned(), version.to_owned())].into());
        self.backend = crate::kv(&self.mount).unwrap();
        self.run(|backend, cx| backend.prepare(cx)).unwrap();
    }

    pub(crate) fn run<T>(
        &mut self,
        work: impl FnOnce(&dyn Backend, &mut Context<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let backend = Arc::clone(&self.backend);
        let (done, changed) = self.state.transact(&self.mount, self.now, |cx| work(&*backend, cx))?;
        changed.iter().for_each(|path| backend.changed(path));
        Ok(done)
    }

    pub(crate) fn send(&mut self, operation: Operation, path: &str, data: Value) -> Result<Response, Failure> {
        // A clock that never stands.
        self.now = self.now.plus(Duration::from_millis(1));
        let request = request(operation, data);
        self.run(|backend, cx| backend.handle(cx, &Call { path, operation, request: &request, caller: None }))
    }

    pub(crate) fn advance(&mut self) -> Progress {
        self.run(|backend, cx| backend.advance(cx)).unwrap()
    }

    pub(crate) fn read(&mut self, path: &str) -> Answer {
        Answer::of(self.send(Operation::Read, path, Value::Null))
    }

    pub(crate) fn read_with(&mut self, path: &str, data: Value) -> Answer {
        Answer::of(self.send(Operation::Read, path, data))
    }

    pub(crate) fn write(&mut self, path: &str, data: Value) -> Answer {
        Answer::of(self.send(Operation::Update, path, data))
    }

    pub(crate) fn patch(&mut self, path: &str, data: Value) -> Answer {
        Answer::of(self.send(Operation::Patch, path, data))
    }

    pub(crate) fn delete(&mut self, path: &str) -> Answer {
        Answer::of(self.send(Operation::Delete, path, Value::Null))
    }

    pub(crate) fn list(&mut self, path: &str) -> Answer {
        Answer::of(self.send(Operation::List, path, Value::Null))
    }

    pub(crate) fn scan(&mut self, path: &str) -> Answer {
        Answer::of(self.send(Operation::Scan, path, Value::Null))
    }
}

pub(crate) fn request(operation: Operation, data: Value) -> Request {
    let data = match data {
        Value::Object(map) => Payload::from(map),
        _ => Payload::from(Map::new()),
    };
    let mut request = Request::new(operation, "");
    request.data = data;
    request.merge_patch = operation == Operation::Patch;
    request
}

/// What came back, in a form that tests compare.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// 204, or 200 with warnings alone.
    Empty { warnings: usize },
    /// 200.
    Data(Value),
    /// 404 with what is known of it.
    Gone(Value),
    /// 404.
    NotFound,
    /// 405.
    Unsupported,
    /// 400.
    Refused(String),
    /// Anything else.
    Broken(String),
}

impl Answer {
    pub(crate) fn of(result: Result<Response, Failure>) -> Self {
        match result {
            Ok(response) => match response.body {
                Body::Data(data) => Self::Data(Value::Object(data.into_map())),
                _ => Self::Empty { warnings: response.warnings.len() },
            },
            Err(Failure::Gone(response)) => match response.body {
                Body::Data(data) => Self::Gone(Value::Object(data.into_map())),
                _ => Self::Gone(Value::from(response.warnings)),
            },
            Err(Failure::NotFound) => Self::NotFound,
            Err(Failure::UnsupportedOperation) => Self::Unsupported,
            Err(Failure::Invalid(text) | Failure::CheckAndSet(text)) => Self::Refused(text),
            Err(other) => Self::Broken(other.to_string()),
        }
    }

    /// The data of a 200.
    #[track_caller]
    pub(crate) fn data(self) -> Value {
        match self {
            Self::Data(data) => data,
            other => panic!("no data: {other:?}"),
        }
    }
}

pub(crate) const DONE: Answer = Answer::Empty { warnings: 0 };
