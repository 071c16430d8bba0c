use std::sync::mpsc;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{LogPosition, Medium, Stores};

fn at(index: u64) -> LogPosition {
    LogPosition { term: 1, leader: 7, index }
}

fn record_of(index: u64, len: usize) -> Record {
    Record { at: at(index), kind: RecordKind::Command, body: Bytes::from(vec![index as u8; len]) }
}

fn records(range: std::ops::Range<u64>) -> Vec<Record> {
    range.map(|index| record_of(index, 100)).collect()
}

/// A `done` and the way to wait for it.
fn done() -> (Done, mpsc::Receiver<Result<(), StoreFault>>) {
    let (sender, receiver) = mpsc::channel();
    (Box::new(move |outcome| drop(sender.send(outcome))), receiver)
}

fn append(log: &LogStore, records: Vec<Record>) {
    let (done, written) = done();
    log.append(records, done).unwrap();
    written.recv().unwrap().unwrap();
}

fn truncate(log: &LogStore, last: Option<LogPosition>) {
    let (done, written) = done();
    log.truncate_after(last, done).unwrap();
    written.recv().unwrap().unwrap();
}

fn indexes(log: &LogStore) -> Vec<u64> {
    log.read(0, u64::MAX, usize::MAX).unwrap().iter().map(|record| record.at.index).collect()
}

fn open_in(folder: &tempfile::TempDir) -> Stores {
    crate::open(&Medium::Folder(folder.path().join("data")), Some("n")).unwrap()
}

#[test]
fn what_is_appended_can_be_read_before_it_is_on_disk() {
    let stores = crate::open(&Medium::Memory, None).unwrap();
    let (done, written) = done();
    stores.log.append(records(1..4), done).unwrap();
    assert_eq!(indexes(&stores.log), [1, 2, 3]);
    assert_eq!(stores.log.bounds().last, Some(at(3)));
    written.recv().unwrap().unwrap();
}

#[test]
fn a_gap_is_refused() {
    let stores = crate::open(&Medium::Memory, None).unwrap();
    append(&stores.log, records(1..4));
    for wrong in [records(5..6), records(3..4), vec![record_of(4, 1), record_of(6, 1)]] {
        let (done, _) = done();
        assert!(matches!(stores.log.append(wrong, done), Err(StoreFault::Misuse { .. })));
    }
    append(&stores.log, records(4..5));
    assert_eq!(indexes(&stores.log), [1, 2, 3, 4]);
}

#[test]
fn acknowledgements_come_in_order() {
    let stores = crate::open(&Medium::Memory, None).unwrap();
    let (sender, receiver) = mpsc::channel();
    for index in 1..200 {
        let sender = sender.clone();
        stores.log.append(records(index..index + 1), Box::new(move |_| sender.send(index).unwrap())).unwrap();
    }
    drop(sender);
    assert!(receiver.iter().eq(1..200));
}

#[test]
fn everything_acknowledged_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let vote = Vote { term: 4, candidate: 9, won: true };
    {
        let stores = open_in(&folder);
        append(&stores.log, records(1..100));
        truncate(&stores.log, Some(at(80)));
        append(&stores.log, vec![Record { at: LogPosition { term: 2, ..at(81) }, ..record_of(81, 3) }]);
        stores.log.purge(at(10));
        stores.log.save_committed(Some(at(70)));
        let (done, written) = done();
        stores.log.save_vote(vote, done).unwrap();
        written.recv().unwrap().unwrap();
        assert_eq!(stores.log.vote(), Some(vote));
    }
    let stores = open_in(&folder);
    assert_eq!(indexes(&stores.log), (11..82).collect::<Vec<_>>());
    let bounds = stores.log.bounds();
    assert_eq!(bounds, LogBounds { purged: Some(at(10)), last: Some(LogPosition { term: 2, ..at(81) }) });
    assert_eq!(stores.log.vote(), Some(vote));
    assert_eq!(stores.log.committed(), Some(at(70)));
    let wanted = 70 * (100 + record::RECORD_HEAD) + 3 + record::RECORD_HEAD;
    let stored = stores.log.stored_bytes();
    assert!((wanted as u64..wanted as u64 + 2000).contains(&stored), "{stored} stored, {wanted} written");
}

#[test]
fn what_is_purged_while_it_waits_never_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    {
        let stores = open_in(&folder);
        for index in 1..50 {
            let (done, _) = done();
            stores.log.append(records(index..index + 1), done).unwrap();
        }
        stores.log.purge(at(60));
        append(&stores.log, records(61..63));
    }
    let stores = open_in(&folder);
    assert_eq!(indexes(&stores.log), [61, 62]);
    assert_eq!(stores.log.bounds().purged, Some(at(60)));
}

#[test]
fn reads_are_capped_in_bytes_but_never_empty() {
    let stores = crate::open(&Medium::Memory, None).unwrap();
    append(&stores.log, records(1..11));
    let two = 2 * (100 + record::RECORD_HEAD);
    let read = |first, end, bytes| stores.log.read(first, end, bytes).unwrap().len();
    assert_eq!(read(1, 11, two), 2);
    assert_eq!(read(3, 11, 1), 1);
    assert_eq!(read(3, 5, usize::MAX), 2);
    assert_eq!(read(11, 20, usize::MAX), 0);
}

#[test]
fn records_that_left_memory_are_read_from_the_file() {
    let stores = crate::open(&Medium::Memory, None).unwrap();
    for index in 1..=40 {
        append(&stores.log, vec![record_of(index, 256 << 10)]);
    }
    let first_in_memory = stores.shared_first();
    assert!(first_in_memory > 1, "10 MiB should not all stay in memory");
    assert_eq!(indexes(&stores.log), (1..=40).collect::<Vec<_>>());
    let across = stores.log.read(first_in_memory - 2, first_in_memory + 2, usize::MAX).unwrap();
    assert_eq!(across.len(), 4);
    let capped = stores.log.read(first_in_memory - 1, u64::MAX, 600 << 10).unwrap();
    assert_eq!(capped.len(), 2);
}

impl Stores {
    fn shared_first(&self) -> u64 {
        self.log.shared.live.lock().tail.first_index().unwrap()
    }
}

#[test]
fn a_closed_log_takes_nothing() {
    let stores = crate::open(&Medium::Memory, None).unwrap();
    stores.close();
    let (done, _) = done();
    assert!(matches!(stores.log.append(records(1..2), done), Err(StoreFault::Closed { .. })));
}

#[test]
fn a_missing_entry_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    append(&open_in(&folder).log, records(1..10));
    let path = folder.path().join("data/raft.redb");
    {
        let db = redb::Database::open(&path).unwrap();
        let writing = db.begin_write().unwrap();
        writing.open_table(ENTRIES).unwrap().remove(5).unwrap();
        writing.commit().unwrap();
    }
    let refused = crate::open(&Medium::Folder(folder.path().join("data")), None).unwrap_err();
    assert!(matches!(&refused, crate::OpenError::Damaged { .. }), "{refused}");
    assert!(refused.to_string().contains("entries 1 to 9 and holds 8"), "{refused}");
}

/// A disk whose syncs begin to fail.
#[derive(Debug)]
struct FailingDisk {
    memory: redb::backends::InMemoryBackend,
    fails: Arc<std::sync::atomic::AtomicBool>,
}

impl redb::StorageBackend for FailingDisk {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        match self.fails.load(Ordering::SeqCst) {
            true => Err(std::io::Error::other("no disk")),
            false => self.memory.sync_data(),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.memory.write(offset, data)
    }
}

#[test]
fn a_failed_sync_is_reported_and_acknowledges_nothing_ever_after() {
    let fails = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let disk = FailingDisk { memory: redb::backends::InMemoryBackend::new(), fails: Arc::clone(&fails) };
    let db = redb::Builder::new().create_with_backend(disk).unwrap();
    let faults = Faults::default();
    let log = LogStore::open(NamedDb { db, file: "the log".into() }, faults.clone()).unwrap();
    append(&log, records(1..3));
    assert_eq!(faults.get(), None);

    fails.store(true, Ordering::SeqCst);
    let (refused, outcome) = done();
    log.append(records(3..4), refused).unwrap();
    let fault = outcome.recv().unwrap().unwrap_err();
    assert!(fault.to_string().starts_with("the log: syncing failed: "), "{fault}");
    assert_eq!(faults.get(), Some(fault.clone()));

    fails.store(false, Ordering::SeqCst);
    let (later, _) = done();
    assert_eq!(log.append(records(4..5), later), Err(fault.clone()));
    let (later, _) = done();
    assert_eq!(log.save_vote(Vote { term: 1, candidate: 1, won: false }, later), Err(fault));
}

#[derive(Clone, Debug)]
enum Step {
    Append(u64),
    Truncate(u64),
    Purge(u64),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u64..20).prop_map(Step::Append),
        1 => (0u64..30).prop_map(Step::Truncate),
        1 => (0u64..30).prop_map(Step::Purge),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn it_behaves_as_a_range_of_indexes(steps in proptest::collection::vec(step(), 1..25)) {
        let folder = tempfile::tempdir().unwrap();
        let mut stores = Some(open_in(&folder));
        // Purged up to, and the last index.
        let (mut purged, mut last) = (0, 0);
        for step in steps {
            let log = &stores.as_ref().unwrap().log;
            match step {
                Step::Append(count) => {
                    let (done, _) = done();
                    log.append(records(last + 1..last + 1 + count), done).unwrap();
                    last += count;
                }
                Step::Truncate(back) => {
                    let keep = last.saturating_sub(back).max(purged);
                    let (done, _) = done();
                    log.truncate_after((keep > 0).then(|| at(keep)), done).unwrap();
                    last = keep;
                }
                Step::Purge(on) => {
                    if on > 0 {
                        purged += on;
                        last = last.max(purged);
                        log.purge(at(purged));
                    }
                }
                Step::Reopen => {
                    drop(stores.take());
                    stores = Some(open_in(&folder));
                }
            }
            prop_assert_eq!(indexes(&stores.as_ref().unwrap().log), (purged + 1..last + 1).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_record_survives_its_encoding(term: u64, leader: u64, kind in 0u8..3, body: Vec<u8>) {
        let kind = [RecordKind::Blank, RecordKind::Command, RecordKind::Membership][usize::from(kind)];
        let record = Record { at: LogPosition { term, leader, index: 5 }, kind, body: body.into() };
        let mut bytes = vec![0; record.encoded_len()];
        record.encode_into(&mut bytes);
        prop_assert_eq!(Record::decode("f", 5, &bytes), Ok(record));
    }

    #[test]
    fn a_vote_survives_its_encoding(term: u64, candidate: u64, won: bool) {
        let vote = Vote { term, candidate, won };
        prop_assert_eq!(Vote::decode(&vote.encode()), Some(vote));
    }

    #[test]
    fn no_bytes_make_the_decoders_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = Record::decode("f", 1, &bytes);
        let _ = Vote::decode(&bytes);
        let _ = LogPosition::decode(&bytes);
    }
}
