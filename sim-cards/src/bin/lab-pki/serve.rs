//! The service: HTTP in front of [`publication`].

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use sim_cards::persona::Persona;
use sim_cards::pki::publication::{self, Method};
use sim_cards::pki::{Date, Register};
use tiny_http::{Header, Response, Server};

/// No OCSP request of a client comes near it.
const LARGEST_REQUEST: u64 = 65_536;

/// Serves until it is stopped.
pub fn run(
    address: SocketAddr,
    day: Option<Date>,
    personas: &[Persona],
    dns_names: &[String],
) -> Result<(), String> {
    let server = Server::http(address).map_err(|error| format!("{address}: {error}"))?;
    announce(&server).map_err(|error| error.to_string())?;
    for request in server.incoming_requests() {
        // The day is asked each time: a service that runs for long goes with the calendar.
        let register = Register::new(super::validity(day), personas.to_vec(), dns_names);
        // A client that went away takes nothing from the others.
        let _ = answer(request, &register);
    }
    Ok(())
}

fn announce(server: &Server) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "serving on http://{}", server.server_addr())?;
    out.flush()
}

fn answer(mut request: tiny_http::Request, register: &Register) -> io::Result<()> {
    let mut body = Vec::new();
    request.as_reader().take(LARGEST_REQUEST).read_to_end(&mut body)?;
    let method = match request.method() {
        tiny_http::Method::Get | tiny_http::Method::Head => Method::Get,
        tiny_http::Method::Post => Method::Post,
        _ => Method::Other,
    };
    let answer = publication::answer(
        &publication::Request {
            method,
            path: request.url(),
            body: &body,
        },
        register,
    );
    let content_type = Header::from_bytes("Content-Type", answer.content_type)
        .map_err(|()| io::Error::from(io::ErrorKind::InvalidData))?;
    request.respond(
        Response::from_data(answer.body)
            .with_status_code(answer.status)
            .with_header(content_type),
    )
}
