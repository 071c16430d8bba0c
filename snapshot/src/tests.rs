use std::convert::Infallible;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

type Records = Vec<(String, Vec<u8>)>;

fn meta(records: &Records) -> Meta {
    Meta {
        version: Meta::VERSION,
        id: Meta::ID.to_owned(),
        index: 7,
        term: 2,
        peers: None,
        configuration: Configuration {
            servers: Some(vec![Server { suffrage: 0, id: "n1".into(), address: "127.0.0.1:8201".into() }]),
        },
        configuration_index: 1,
        size: records.iter().map(|(key, value)| encoded_len(key, value)).sum(),
    }
}

fn archive(records: &Records) -> Vec<u8> {
    let fill = |state: &mut StateWriter<'_>| {
        records.iter().try_for_each(|(key, value)| state.put(key, value).map_err(WriteError::from))
    };
    write(Vec::new(), &meta(records), fill, |sums| Ok([b"sealed ", sums].concat())).unwrap()
}

fn read_all(bytes: &[u8]) -> Result<(Summary, Records), ReadError<Infallible>> {
    let mut found = Records::new();
    let summary = read(bytes, |key, value| {
        found.push((key.to_owned(), value.to_vec()));
        Ok(())
    })?;
    Ok((summary, found))
}

fn some() -> Records {
    vec![("a".into(), b"1".to_vec()), ("core/keyring".into(), vec![0; 700]), ("z".into(), Vec::new())]
}

fn records() -> impl Strategy<Value = Records> {
    proptest::collection::vec(("[a-z/]{1,9}", proptest::collection::vec(any::<u8>(), 0..300)), 0..9)
}

proptest! {
    #[test]
    fn an_archive_gives_back_what_was_put(records in records()) {
        let (summary, found) = read_all(&archive(&records)).unwrap();
        prop_assert_eq!(&found, &records);
        prop_assert_eq!(summary.records, records.len() as u64);
        prop_assert_eq!(summary.meta, meta(&records));
        prop_assert!(summary.sums.agree_with(summary.sealed.strip_prefix(b"sealed ").unwrap()));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read_all(&bytes);
        // Behind gzip, where the tar begins.
        let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
        std::io::Write::write_all(&mut gzip, &bytes).unwrap();
        let _ = read_all(&gzip.finish().unwrap());
    }

    #[test]
    fn a_state_of_any_bytes_is_refused_or_read(state in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut message = Vec::new();
        let mut from = state.as_slice();
        while let Ok(Some(_)) = record::read(&mut from, &mut message) {}
    }
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let whole = archive(&some());
    for end in 0..whole.len() {
        assert!(read_all(&whole[..end]).is_err(), "cut at {end} of {}", whole.len());
    }
}

#[test]
fn an_archive_changed_anywhere_is_refused_or_the_same() {
    let whole = archive(&some());
    let (wanted, records) = read_all(&whole).unwrap();
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 0x41;
        if let Ok((summary, found)) = read_all(&changed) {
            // Times and the like in gzip's own header are not part of what is kept.
            assert!(place < 10 && summary == wanted && found == records, "byte {place} was changed unseen");
        }
    }
}

#[test]
fn what_follows_the_end_is_refused() {
    assert!(read_all(&[archive(&some()), b"x".to_vec()].concat()).is_err());
}

#[test]
fn a_state_of_another_length_is_not_finished() {
    let records = some();
    let short = |state: &mut StateWriter<'_>| Ok(state.put("a", b"1")?);
    let written = write(Vec::new(), &meta(&records), short, |_| Ok(Vec::new()));
    assert!(matches!(written, Err(WriteError::Length { .. })));
}

#[test]
fn lengths_beyond_octal_are_written_and_read() {
    for size in [0, 511, (1 << 33) - 1, 1 << 33, 1 << 50] {
        let entry = tar::Entry { name: "state.bin".into(), size };
        let mut block = Vec::new();
        tar::write_header(&mut block, &entry, 1).unwrap();
        assert_eq!(tar::read_header(&mut block.as_slice()).unwrap(), Some(entry));
    }
}

#[test]
fn the_meta_is_what_raft_writes() {
    let json = r#"{"Version":1,"ID":"bolt-snapshot","Index":7,"Term":2,"Peers":null,"Configuration":{"Servers":[{"Suffrage":0,"ID":"n1","Address":"127.0.0.1:8201"}]},"ConfigurationIndex":1,"Size":3}"#;
    let mut wanted = meta(&Records::new());
    wanted.size = 3;
    assert_eq!(serde_json::to_string(&wanted).unwrap(), json);
    assert_eq!(serde_json::from_str::<Meta>(json).unwrap(), wanted);
}
