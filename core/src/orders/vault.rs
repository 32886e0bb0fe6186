use super::store::*;
use super::types::*;
use crate::*;
use zeroize::Zeroizing;
pub struct Vault;
impl Vault {
    pub fn new(_: Option<&JournalKey>, _: &[JournalKey]) -> Result<Self> {
        todo!()
    }
    pub fn has_key(&self) -> bool {
        todo!()
    }
    pub fn check_values(&self) -> Vec<(String, String)> {
        todo!()
    }
    pub fn seal(&self, _: &str, _: SecretKind, _: &[u8]) -> Result<Sealed> {
        todo!()
    }
    pub fn open(&self, _: &str, _: SecretKind, _: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
        todo!()
    }
    pub fn seal_voucher(&self, _: &str, _: &Voucher) -> Result<Sealed> {
        todo!()
    }
    pub fn open_voucher(&self, _: &str, _: &Sealed) -> Result<Voucher> {
        todo!()
    }
}
