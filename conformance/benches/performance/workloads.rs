//! The workloads of the table, and what each costs a module on a card.

use std::path::Path;

use sim_cards::{Interface, Options, Protocol};

use crate::cost::{Cost, Result};
use crate::stack::{Application, Stack, card};

/// A kind of card over one of its interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Cps3,
    Cps3Contactless,
    Cps4T1,
    Cps4T0,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Cps3, Kind::Cps4T1, Kind::Cps4T0, Kind::Cps3Contactless];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Cps3 => "CPS3, T=0",
            Kind::Cps3Contactless => "CPS3, contactless",
            Kind::Cps4T1 => "CPS4, T=1",
            Kind::Cps4T0 => "CPS4, T=0",
        }
    }

    /// The holder of the card that is measured.
    pub fn holder(self) -> &'static str {
        match self {
            Kind::Cps3 | Kind::Cps3Contactless => "doctor-hospital-cps3",
            Kind::Cps4T1 | Kind::Cps4T0 => "doctor-gp-cps4",
        }
    }

    pub fn options(self) -> Options {
        Options {
            interface: match self {
                Kind::Cps3Contactless => Interface::Contactless,
                _ => Interface::Contact,
            },
            protocol: (self == Kind::Cps4T0).then_some(Protocol::T0),
            ..Options::default()
        }
    }

    /// Parts of the labels of the key that authenticates and of its certificate.
    fn labels(self) -> (&'static str, &'static str) {
        match self {
            Kind::Cps3Contactless => ("CPS_PRIV_TECH_AUT", "Technique"),
            _ => ("CPS_PRIV_AUT", "Authentification"),
        }
    }
}

/// One measured workload; `None` where the card has no such thing, `Err` where the module refuses it.
pub type Measured = Option<std::result::Result<Cost, String>>;

/// What one module costs one card, workload by workload.
pub struct Sheet {
    /// C_Initialize, slot list, token information.
    pub start: Measured,
    /// C_GetSlotInfo, C_GetTokenInfo, C_GetSessionInfo and C_FindObjects once more.
    pub polls: Measured,
    /// Start, then all objects that can be seen without a login, with their classes.
    pub listed: Measured,
    /// The same and the private keys, after a login that is not counted.
    pub listed_all: Measured,
    /// CKA_VALUE of the certificate for authentication.
    pub certificate: Measured,
    pub certificate_length: u64,
    pub login: Measured,
    pub sign_authentication: Measured,
    pub sign_signature: Measured,
    pub sign_pss: Measured,
    /// Start, certificates, the certificate for authentication, login, key, signature.
    pub tls: Cost,
}

/// Runs every workload. Each application is a new process, which finds the card as it is after a reset.
pub fn measure(kind: Kind, module: &Path) -> Result<Sheet> {
    let stack = Stack::start(vec![card(kind.holder(), &kind.options())?])?;
    let meter = |application: &mut Application, orders: &[&str]| {
        let before = stack.totals();
        application.orders(orders)?;
        Ok::<_, String>(stack.totals() - before)
    };
    let (key, certificate) = kind.labels();
    let (key, certificate) = (format!("key {key}"), format!("certificate {certificate}"));
    let air = kind == Kind::Cps3Contactless;

    let mut application = Application::start(module)?;
    let start = meter(&mut application, &["initialize", "slots", "token-info"])?;
    let shown = meter(&mut application, &["session", "show"])?;
    let polls = ["slot-info", "token-info", "session-info", "list"];
    let polls = meter(&mut application, &polls)?;
    application.order(&certificate)?;
    let before = stack.totals();
    let certificate_length = application.order("value")?;
    let read = stack.totals() - before;
    let login = (!air).then(|| meter(&mut application, &["login"]));
    let keys = meter(&mut application, &["list private-keys"])?;
    application.order(&key)?;
    let sign_authentication = Some(meter(&mut application, &["sign bare"]));
    let sign_pss =
        matches!(kind, Kind::Cps4T0 | Kind::Cps4T1).then(|| meter(&mut application, &["sign pss"]));
    let sign_signature = match air {
        true => None,
        false => {
            application.orders(&["certificate Signature", "value", "key CPS_PRIV_SIG"])?;
            Some(meter(&mut application, &["sign sha256"]))
        }
    };
    application.order("finalize")?;
    application.end()?;

    stack.reset();
    let mut application = Application::start(module)?;
    let mut orders = vec![
        "initialize",
        "slots",
        "token-info",
        "session",
        "list certificates",
        &certificate,
        "value",
    ];
    orders.extend((!air).then_some("login"));
    orders.extend([key.as_str(), "sign bare"]);
    let tls = meter(&mut application, &orders)?;
    application.end()?;
    Ok(Sheet {
        start: Some(Ok(start)),
        polls: Some(Ok(polls)),
        listed: Some(Ok(start + shown)),
        listed_all: Some(Ok(start + shown + keys)),
        certificate: Some(Ok(read)),
        certificate_length,
        login,
        sign_authentication,
        sign_signature,
        sign_pss,
        tls,
    })
}
