//! Reading entries: the newest from memory, older ones from the file.

use redb::ReadableDatabase;

use crate::StoreFault;
use crate::fault::FaultContext;

use super::{ENTRIES, LogStore, Record};

impl LogStore {
    /// The entries from `first` to before `end` that the log holds, in order and without gaps. Stops early once
    /// `max_bytes` are reached, but not before the first entry.
    ///
    /// # Errors
    /// The file cannot be read, or an entry in it makes no sense.
    pub fn read(&self, first: u64, end: u64, max_bytes: usize) -> Result<Vec<Record>, StoreFault> {
        let mut from_memory = Vec::new();
        let (first, end_on_disk) = {
            let live = self.shared.live.lock();
            let first = live.bounds.purged.map_or(first, |purged| first.max(purged.index.saturating_add(1)));
            let end = live.bounds.last.map_or(0, |last| end.min(last.index.saturating_add(1)));
            if first >= end {
                return Ok(from_memory);
            }
            let in_memory = live.tail.first_index().unwrap_or(end).min(end);
            live.tail.copy(first.max(in_memory), end, max_bytes, &mut from_memory);
            (first, in_memory)
        };
        if first >= end_on_disk {
            return Ok(from_memory);
        }
        // What left memory since then is in the file: it is written before it is let go.
        let (mut entries, mut room) = self.read_file(first, end_on_disk, max_bytes)?;
        if entries.is_empty() {
            // An empty log may begin at any index.
            return Ok(from_memory);
        }
        if entries.last().is_some_and(|last| last.at.index + 1 == end_on_disk) {
            for record in from_memory {
                if record.encoded_len() > room {
                    break;
                }
                room -= record.encoded_len();
                entries.push(record);
            }
        }
        Ok(entries)
    }

    fn read_file(&self, first: u64, end: u64, max_bytes: usize) -> Result<(Vec<Record>, usize), StoreFault> {
        let file = self.file();
        const READING: &str = "reading";
        let reading = self.shared.named.db.begin_read().fault(file, READING)?;
        let table = reading.open_table(ENTRIES).fault(file, READING)?;
        let (mut entries, mut room) = (Vec::new(), max_bytes);
        for found in table.range(first..end).fault(file, READING)? {
            let (index, bytes) = found.fault(file, READING)?;
            let bytes = bytes.value();
            if !entries.is_empty() && bytes.len() > room {
                room = 0;
                break;
            }
            room = room.saturating_sub(bytes.len());
            entries.push(Record::decode(file, index.value(), bytes)?);
        }
        Ok((entries, room))
    }
}
