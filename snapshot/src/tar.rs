//! As much of tar as the archive needs: plain files one after another. Written as ustar; read as ustar, GNU (lengths in
//! base 256) and pax (`size` of an extended header).

use std::io::{self, Read, Write};

pub(crate) const BLOCK: usize = 512;

/// A file's name and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) size: u64,
}

/// Longest extended header that is read.
const MAX_PAX: u64 = 64 << 10;

pub(crate) fn write_header(out: &mut impl Write, entry: &Entry, mtime: u64) -> io::Result<()> {
    let mut block = [0u8; BLOCK];
    let name = entry.name.as_bytes();
    block[..name.len()].copy_from_slice(name);
    octal(&mut block[100..108], 0o600);
    octal(&mut block[108..116], 0);
    octal(&mut block[116..124], 0);
    if entry.size < 1 << 33 {
        octal(&mut block[124..136], entry.size);
    } else {
        // As GNU and Go's reader have it: the highest bit set, then the number.
        block[124] = 0x80;
        block[128..136].copy_from_slice(&entry.size.to_be_bytes());
    }
    octal(&mut block[136..148], mtime);
    block[156] = b'0';
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum = checksum(&block);
    octal(&mut block[148..155], sum);
    block[155] = b' ';
    out.write_all(&block)
}

/// Fills a file's last block.
pub(crate) fn write_padding(out: &mut impl Write, size: u64) -> io::Result<()> {
    out.write_all(&[0; BLOCK][..padding(size)])
}

/// Two empty blocks.
pub(crate) fn write_end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

#[derive(Debug)]
pub(crate) enum TarError {
    Io(io::Error),
    Bad(&'static str),
}

impl From<io::Error> for TarError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Bad("the archive ends too early"),
            _ => Self::Io(error),
        }
    }
}

/// The next file; `None` at the archive's end marker.
pub(crate) fn read_header(from: &mut impl Read) -> Result<Option<Entry>, TarError> {
    let mut long_size = None;
    loop {
        let mut block = [0u8; BLOCK];
        from.read_exact(&mut block)?;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        if number(&block[148..156]) != Some(checksum(&block)) {
            return Err(TarError::Bad("a header of the archive makes no sense"));
        }
        let size = number(&block[124..136]).ok_or(TarError::Bad("a length in the archive makes no sense"))?;
        match block[156] {
            b'0' | 0 => {
                let name = text(&block[..100]).ok_or(TarError::Bad("a name in the archive makes no sense"))?;
                return Ok(Some(Entry { name, size: long_size.unwrap_or(size) }));
            }
            // Extended headers: for the next file, and for all.
            b'x' | b'g' if size <= MAX_PAX => {
                let mut body = Vec::new();
                let whole = size + padding(size) as u64;
                if from.take(whole).read_to_end(&mut body)? as u64 != whole {
                    return Err(TarError::Bad("the archive ends too early"));
                }
                body.truncate(size as usize);
                long_size = pax_size(&body).or(long_size);
            }
            _ => return Err(TarError::Bad("the archive holds something that is no file")),
        }
    }
}

/// Passes over what fills a file's last block.
pub(crate) fn skip_padding(from: &mut impl Read, size: u64) -> Result<(), TarError> {
    let mut rest = [0u8; BLOCK];
    Ok(from.read_exact(&mut rest[..padding(size)])?)
}

fn padding(size: u64) -> usize {
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

fn octal(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    for (place, byte) in field[..digits].iter_mut().rev().enumerate() {
        *byte = b'0' + ((value >> (3 * place).min(63)) & 7) as u8;
    }
}

fn number(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 != 0 {
        let (head, tail) = field.split_last_chunk::<8>()?;
        let is_small = head.first()? & 0x7f == 0 && head.get(1..)?.iter().all(|byte| *byte == 0);
        return is_small.then(|| u64::from_be_bytes(*tail));
    }
    let digits = str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

fn text(field: &[u8]) -> Option<String> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    str::from_utf8(&field[..end]).ok().map(str::to_owned)
}

/// Sum of all bytes, those of the sum itself counted as spaces.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    let blank = 148..156;
    block.iter().enumerate().map(|(at, byte)| if blank.contains(&at) { 32 } else { u64::from(*byte) }).sum()
}

/// `<length> size=<number>\n`
fn pax_size(body: &[u8]) -> Option<u64> {
    let text = str::from_utf8(body).ok()?;
    text.lines().find_map(|line| line.split_once(' ')?.1.strip_prefix("size=")?.parse().ok())
}
