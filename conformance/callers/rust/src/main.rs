//! Makes the calls of a plan (see `conformance/README.md`), and prints what came of each as a line of JSON.

#[rustfmt::skip]
mod generated;
mod hear;
mod tell;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::process::ExitCode;

use serde_json::{Value, json};

use generated::Client;
use hear::Given;
use tell::failed;

fn main() -> ExitCode {
    match carry_out() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("the plan cannot be read: {why}");
            ExitCode::from(2)
        }
    }
}

fn carry_out() -> Result<(), String> {
    let mut clients = HashMap::new();
    let mut lines = std::io::stdin().lock().lines();
    while let Some(head) = next(&mut lines)? {
        let mut given = Given::default();
        loop {
            match next(&mut lines)?.ok_or("it ends within a call")? {
                line if line == "end" => break,
                line => given.add(&line)?,
            }
        }
        let told = step(&mut clients, &head, &given)?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{told}").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn step(clients: &mut HashMap<String, Client>, head: &str, given: &Given) -> Result<Value, String> {
    let words: Vec<&str> = head.split(' ').collect();
    Ok(match words[..] {
        ["make", name, object, constructor] => {
            kept(clients, name, generated::make(object, constructor, given)?)
        }
        ["derive", name, of, method] => {
            let made = generated::derive(called(clients, of)?, method, given)?;
            kept(clients, name, made)
        }
        ["call", name, method] => generated::call(called(clients, name)?, method, given)?
            .unwrap_or_else(|| json!({ "missing": true })),
        _ => return Err(head.to_string()),
    })
}

fn called<'a>(clients: &'a HashMap<String, Client>, name: &str) -> Result<&'a Client, String> {
    clients.get(name).ok_or_else(|| format!("there is no client {name}"))
}

fn kept(clients: &mut HashMap<String, Client>, name: &str, made: Option<tillgate::Result<Client>>) -> Value {
    match made {
        Some(Ok(client)) => {
            clients.insert(name.to_string(), client);
            json!({ "returned": null })
        }
        Some(Err(error)) => failed(&error),
        None => json!({ "missing": true }),
    }
}

fn next(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Result<Option<String>, String> {
    lines.next().transpose().map_err(|error| error.to_string())
}
