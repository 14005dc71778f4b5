//! What the addresses in the certificates lead to: revocation lists, certificates of the authorities, status.

use base64ct::{Base64, Encoding};

use super::authority::Authority;
use super::register::Register;
use super::{issuing, ocsp, pem};

/// A request of HTTP, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Its verb.
    pub method: Method,
    /// Path of the address, percent-encoded as it was sent; what follows a question mark is ignored.
    pub path: &'a str,
    /// Content of a POST.
    pub body: &'a [u8],
}

/// The methods that are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// Any other one.
    Other,
}

/// An answer of HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status code of HTTP.
    pub status: u16,
    /// MIME type of the content.
    pub content_type: &'static str,
    /// The content.
    pub body: Vec<u8>,
}

const TEXT: &str = "text/plain; charset=utf-8";

/// Answers what stands behind [`super::PUBLICATION`]:
///
/// | Path | Content |
/// |---|---|
/// | `/CRL/ACI-FO-PP-LAB.crl` and the like | revocation list, DER |
/// | `/AC%20LAB/ACI-FO-PP-LAB.cer` and the like | certificate of an authority, DER |
/// | `/AC%20LAB/ca-bundle.pem` | all nine |
/// | `/PC%20LAB` | what the policy says |
/// | `/ocsp` | RFC 6960: POST, or GET with the request in Base64 behind it |
pub fn answer(request: &Request<'_>, register: &Register) -> Answer {
    let path = request.path.split('?').next().unwrap_or_default();
    let Some(path) = percent_decoded(path) else {
        return failure(400, "the address is not percent-encoded");
    };
    match (request.method, path.as_str()) {
        (Method::Post, "/ocsp" | "/ocsp/") => status(request.body, register),
        (Method::Get, path) => get(path, register),
        _ => failure(405, "GET, or POST to /ocsp"),
    }
}

fn get(path: &str, register: &Register) -> Answer {
    let authority = |stem: &str| {
        Authority::all()
            .into_iter()
            .find(|authority| authority.file_stem() == stem)
    };
    let named = |prefix: &str, suffix: &str| {
        path.strip_prefix(prefix)
            .and_then(|rest| rest.strip_suffix(suffix))
            .and_then(authority)
    };
    if let Some(request) = path.strip_prefix("/ocsp/") {
        return match Base64::decode_vec(request) {
            Ok(request) => status(&request, register),
            Err(_) => failure(400, "the request is not Base64"),
        };
    }
    if let Some(authority) = named("/CRL/", "-LAB.crl") {
        return success("application/pkix-crl", register.revocation_list(authority));
    }
    if let Some(authority) = named("/AC LAB/", "-LAB.cer") {
        return success("application/pkix-cert", issuing::authority_certificate(authority));
    }
    match path {
        "/AC LAB/ca-bundle.pem" => {
            let all = Authority::all()
                .map(|authority| pem::certificate(&issuing::authority_certificate(authority)));
            success("application/pem-certificate-chain", all.concat().into_bytes())
        }
        "/PC LAB" => success(
            TEXT,
            b"The lab issues to fictional persons. Its keys are published: trust nothing.\n".to_vec(),
        ),
        _ => failure(404, "nothing is published here"),
    }
}

fn status(request: &[u8], register: &Register) -> Answer {
    success("application/ocsp-response", ocsp::respond(request, register))
}

fn success(content_type: &'static str, body: Vec<u8>) -> Answer {
    Answer {
        status: 200,
        content_type,
        body,
    }
}

fn failure(status: u16, reason: &str) -> Answer {
    Answer {
        status,
        content_type: TEXT,
        body: format!("{reason}\n").into_bytes(),
    }
}

/// RFC 3986 §2.1. `None` if a percent sign is not followed by two digits, or the bytes are not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (digits, after) = rest.split_first_chunk::<2>()?;
        let digits = std::str::from_utf8(digits)
            .ok()
            .filter(|digits| !digits.contains('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::holder::date::Validity;

    fn asked(method: Method, path: &str) -> Answer {
        let register = Register::new(
            Validity::at("2026-07-14".parse().unwrap()),
            crate::holder::persona::all(),
            &[],
        );
        let request = Request {
            method,
            path,
            body: &[],
        };
        answer(&request, &register)
    }

    #[test]
    fn every_address_in_a_certificate_leads_somewhere() {
        for authority in Authority::all() {
            let stem = authority.file_stem();
            assert_eq!(asked(Method::Get, &format!("/CRL/{stem}-LAB.crl")).status, 200);
            let certificate = asked(Method::Get, &format!("/AC%20LAB/{stem}-LAB.cer?x"));
            assert_eq!(certificate.body, issuing::authority_certificate(authority));
        }
        assert_eq!(asked(Method::Get, "/PC%20LAB").status, 200);
    }

    #[test]
    fn other_addresses_are_refused() {
        assert_eq!(asked(Method::Get, "/").status, 404);
        assert_eq!(asked(Method::Get, "/CRL/ACI-XX-PP-LAB.crl").status, 404);
        assert_eq!(asked(Method::Get, "/AC%2").status, 400);
        assert_eq!(asked(Method::Get, "/%FF").status, 400);
        assert_eq!(asked(Method::Get, "/ocsp/*").status, 400);
        assert_eq!(asked(Method::Post, "/CRL/ACI-FO-PP-LAB.crl").status, 405);
        assert_eq!(asked(Method::Other, "/ocsp").status, 405);
    }

    #[test]
    fn the_same_month_publishes_the_same_bytes() {
        let path = "/CRL/ACI-FO-PP-LAB.crl";
        assert_eq!(asked(Method::Get, path), asked(Method::Get, path));
    }
}
