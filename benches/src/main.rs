//! Our sides of the benches, the gateway that all sides buy at, and the data that they read.
//!
//! `cargo xtask bench` starts this program once for each side of a row and asks each side in turn for a round: a line on its
//! standard input, an answer on its standard output. How long a round took is measured in here, so that neither the start of a
//! program nor the pipe is part of it.

mod catalogue;
mod commits;
mod decode;
mod gateway;
mod latency;
mod million;
mod orders;
mod plain;
mod records;
mod rounds;
mod till;
mod watch;

use std::error::Error;
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "\
tillgate-bench WHAT

  catalogue PRODUCTS FILE                write the catalogue that is read
  gateway FILE success|accepted          the gateway; prints where it listens, ends when its input ends
  decode ours|plain FILE                 a catalogue into records
  orders till|client URL PLACE COUNT     so many orders a round, 64 at once
  commits PLACE COUNT STEPS              what so many commits per order cost, and nothing else
  latency URL PLACE COUNT                one order after the other, beside the same without a journal, beside one fdatasync
  records URL PLACE COUNT                ten records through a call, and one, so many times, one after the other
  million URL PLACE ORDERS COUNT         the next order in a journal with so many, beside a new journal
  copy PLACE ORDERS                      multiplies the one order of a journal
  watch URL PLACE ORDERS RATE SECONDS    so many open orders, looked up at this rate
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["catalogue", products, file] => catalogue::write(products, file),
        ["gateway", file, manner] => gateway::serve(file, manner),
        ["decode", side, file] => decode::run(side, file),
        ["orders", side, url, place, count] => orders::run(side, url, place, count),
        ["commits", place, count, steps] => commits::run(place, count, steps),
        ["latency", url, place, count] => latency::run(url, place, count),
        ["records", url, place, count] => records::run(url, place, count),
        ["million", url, place, orders, count] => million::run(url, place, orders, count),
        ["copy", place, orders] => million::copy(place, orders),
        ["watch", url, place, orders, rate, seconds] => watch::run(url, place, orders, rate, seconds),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tillgate-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
