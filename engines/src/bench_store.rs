use coffer_core::mount::Mount;
use coffer_core::{Context, Failure, Timestamp, Transaction};
#[derive(Default)]
pub(crate) struct State { tx: Transaction }
impl State {
    pub(crate) fn transact<T>(&mut self, mount: &Mount, now: Timestamp, work: impl FnOnce(&mut Context<'_>) -> Result<T, Failure>) -> Result<(T, Vec<String>), Failure> {
        let mut tx = self.tx.clone();
        let done = work(&mut Context::new(&mut tx, mount, now))?;
        let changed = std::mem::take(&mut tx.touched);
        self.tx = tx;
        Ok((done, changed))
    }
    pub(crate) fn put(&mut self, path: String, value: Vec<u8>) { self.tx.map.insert(path, value); }
    pub(crate) fn dump(&self) -> Vec<(String, Vec<u8>)> { self.tx.map.iter().map(|(k,v)| (k.clone(), v.clone())).collect() }
}
