//! Signs the file `message` with each key and deciphers the file `enciphered`, through the crate cryptoki.
//! Usage: `cryptoki-client MODULE PIN`, or `--version` for that of the crate.

use std::error::Error;
use std::{env, fs};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [only] if only == "--version" => {
            println!("{}", version_of_the_crate().ok_or("no cryptoki in Cargo.lock")?);
            Ok(())
        }
        [module, pin] => use_card(module, pin),
        _ => Err("usage: cryptoki-client MODULE PIN".into()),
    }
}

fn version_of_the_crate() -> Option<&'static str> {
    let (_, entry) = include_str!("../../Cargo.lock").split_once("name = \"cryptoki\"\nversion = \"")?;
    Some(entry.split_once('"')?.0)
}

fn use_card(module: &str, pin: &str) -> Result<(), Box<dyn Error>> {
    let message = fs::read("message")?;
    let pkcs11 = Pkcs11::new(module)?;
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let slot = pkcs11
        .get_slots_with_token()?
        .into_iter()
        .next()
        .ok_or("no card")?;
    let session = pkcs11.open_ro_session(slot)?;
    session.login(UserType::User, Some(&AuthPin::new(pin.into())))?;
    let keys = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)])?;
    for &key in &keys {
        let attributes = session.get_attributes(key, &[AttributeType::Label])?;
        let [Attribute::Label(label)] = attributes.as_slice() else {
            return Err("a key without a label".into());
        };
        let label = String::from_utf8(label.clone())?;
        let signature = session.sign(&Mechanism::Sha256RsaPkcs, key, &message)?;
        fs::write(format!("{label}.signature"), signature)?;
        if label == "CPS_PRIV_AUT" {
            let plain = session.decrypt(&Mechanism::RsaPkcs, key, &fs::read("enciphered")?)?;
            fs::write("deciphered", plain)?;
        }
    }
    session.logout()?;
    Ok(())
}
