//! Lists what the cards in the readers show without a PIN, through the crate cryptoki.
//!
//! `cargo run -p conformance --example list -- target/release/libcpx_pkcs11.so`

use std::env;
use std::error::Error;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, AttributeType};

fn main() -> Result<(), Box<dyn Error>> {
    let module = env::args().nth(1).ok_or("usage: list MODULE")?;
    let pkcs11 = Pkcs11::new(module)?;
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    for slot in pkcs11.get_slots_with_token()? {
        let token = pkcs11.get_token_info(slot)?;
        println!(
            "{} ({}), number {}",
            token.label(),
            token.model(),
            token.serial_number()
        );
        let session = pkcs11.open_ro_session(slot)?;
        for object in session.find_objects(&[])? {
            let attributes = session.get_attributes(object, &[AttributeType::Class, AttributeType::Label])?;
            if let [Attribute::Class(class), Attribute::Label(label)] = attributes.as_slice() {
                println!("  {class}: {}", String::from_utf8_lossy(label));
            }
        }
    }
    Ok(())
}
