//! The program `tillgate-sandbox`: a sandbox for people, and for processes in other languages.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tillgate_sandbox::{Account, Amount, Sandbox, SandboxConfig, SandboxError, TlsMode};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// An offline stand-in for the gateway CY.SEND, with a ledger of what was really bought and faults to order.
#[derive(Parser)]
#[command(name = "tillgate-sandbox", version)]
struct Arguments {
    /// Address to listen on: 127.0.0.1 or ::1.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How much faster time runs than on the wall; 0 lets it stand still.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Seed of the catalogue, of delays, of voucher codes and of chances.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Products in the catalogue beside the documented ones.
    #[arg(long, default_value_t = 20)]
    catalogue_products: u32,
    /// An account as user:password:balance:currency; may be given again. [default: till:secret:1000.00:CHF]
    #[arg(long = "account", value_parser = account)]
    accounts: Vec<Account>,
    /// The token of an account, as user=token; may be given again.
    #[arg(long = "token", value_parser = token)]
    tokens: Vec<(String, String)>,
    /// A new file that receives the ledger as lines of JSON.
    #[arg(long)]
    ledger: Option<PathBuf>,
    /// Refuse a user_uid that was used before.
    #[arg(long)]
    refuse_duplicates: bool,
    /// Answer an accepted order with 202 instead of 201.
    #[arg(long)]
    created_as_accepted: bool,
    /// Settle orders at once.
    #[arg(long)]
    immediately_final: bool,
    /// Send a callback when an order is accepted too.
    #[arg(long)]
    callback_when_accepted: bool,
    /// Speak TLS with a certificate of this kind.
    #[arg(long)]
    tls: Option<Certificate>,
    /// Write the authority's certificate (PEM) here.
    #[arg(long, requires = "tls")]
    ca_out: Option<PathBuf>,
    /// Write the line with the address here once requests are taken.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    /// End when standard input ends.
    #[arg(long)]
    until_stdin_closes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Certificate {
    Good,
    Expired,
    WrongHost,
}

fn account(text: &str) -> Result<Account, String> {
    // Read from the right, so that a password may hold colons.
    let parts: Vec<&str> = text.rsplitn(3, ':').collect();
    let [currency, balance, who] = parts.as_slice() else {
        return Err("give user:password:balance:currency".to_owned());
    };
    let (user, password) = who.split_once(':').ok_or("give user:password:balance:currency")?;
    let balance = Amount::parse(balance).ok_or_else(|| format!("{balance:?} is not an amount"))?;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("{currency:?} is not a currency code such as CHF"));
    }
    Ok(Account {
        user: user.to_owned(),
        password: password.to_owned(),
        token: None,
        balance,
        currency: (*currency).to_owned(),
    })
}

fn token(text: &str) -> Result<(String, String), String> {
    let (user, token) = text.split_once('=').ok_or("give user=token")?;
    Ok((user.to_owned(), token.to_owned()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("no runtime: {error}")),
    };
    match runtime.block_on(run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(reason: &str) -> ExitCode {
    eprintln!("tillgate-sandbox: {reason}");
    ExitCode::FAILURE
}

async fn run(arguments: Arguments) -> Result<(), SandboxError> {
    let mut accounts = arguments.accounts;
    if accounts.is_empty() {
        accounts.push(Account::till());
    }
    for (user, token) in arguments.tokens {
        match accounts.iter_mut().find(|account| account.user == user) {
            Some(account) => account.token = Some(token),
            None => return Err(SandboxError::Config(format!("--token names {user:?}, which is no account"))),
        }
    }
    // Taken before the address is told, so that a signal right after it ends the program properly.
    let no_signal = |source| SandboxError::Io { what: "signals cannot be taken".to_owned(), source };
    let mut terminated = signal(SignalKind::terminate()).map_err(no_signal)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(no_signal)?;

    let sandbox = Sandbox::start(SandboxConfig {
        address: arguments.address,
        port: arguments.port,
        speed: arguments.speed,
        seed: arguments.seed,
        catalogue_products: arguments.catalogue_products,
        accounts,
        ledger_file: arguments.ledger,
        refuse_duplicates: arguments.refuse_duplicates,
        created_as_accepted: arguments.created_as_accepted,
        immediately_final: arguments.immediately_final,
        callback_when_accepted: arguments.callback_when_accepted,
        tls: arguments.tls.map(|certificate| match certificate {
            Certificate::Good => TlsMode::Good,
            Certificate::Expired => TlsMode::Expired,
            Certificate::WrongHost => TlsMode::WrongHost,
        }),
        ..SandboxConfig::default()
    })
    .await?;
    if let (Some(path), Some(pem)) = (&arguments.ca_out, sandbox.authority_pem()) {
        write_whole(path, pem)?;
    }
    let line = format!("listening on {}\n", sandbox.url());
    if let Some(path) = &arguments.ready_file {
        write_whole(path, &line)?;
    }
    let mut output = std::io::stdout();
    // Whoever started us may not read what we print.
    let _ = output.write_all(line.as_bytes()).and_then(|()| output.flush());

    let stdin_closed = when_stdin_closes(arguments.until_stdin_closes);
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
        () = stdin_closed => {}
    }
    sandbox.stop();
    // The runtime would wait for a thread that still reads standard input.
    std::process::exit(0);
}

/// A file that appears with all of its text or not at all: others wait for it.
fn write_whole(path: &Path, text: &str) -> Result<(), SandboxError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text)
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(|source| SandboxError::Io { what: format!("{} cannot be written", path.display()), source })
}

async fn when_stdin_closes(wanted: bool) {
    if !wanted {
        return std::future::pending().await;
    }
    let (closed, ended) = oneshot::channel();
    std::thread::spawn(move || {
        let mut ignored = [0; 1024];
        while matches!(std::io::stdin().read(&mut ignored), Ok(count) if count > 0) {}
        let _ = closed.send(());
    });
    let _ = ended.await;
}
