//! The program `tillgate-sandbox`: a sandbox for people, and for processes in other languages.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tillgate_sandbox::{
    Account, Amount, GiftCard, Permission, Sandbox, SandboxConfig, SandboxError, Subscription, TlsMode,
};
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
    /// What an account may do, as user=METHODS:SCOPE (till=GET:store/catalogue/*); may be given again. [default: all]
    #[arg(long = "permission", value_parser = permission)]
    permissions: Vec<(String, Permission)>,
    /// Post the end of each order of an account, as user=URL; may be given again.
    #[arg(long = "subscribe", value_parser = token)]
    subscriptions: Vec<(String, String)>,
    /// A gift card as code:balance:currency; may be given again.
    #[arg(long = "gift-card", value_parser = gift_card)]
    gift_cards: Vec<GiftCard>,
    /// Keep the answer of each request in the request log, with the voucher codes and tokens in it.
    #[arg(long)]
    keep_answers: bool,
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
    let (balance, currency) = money(balance, currency)?;
    Ok(Account {
        user: user.to_owned(),
        password: password.to_owned(),
        token: None,
        balance,
        currency,
        ..Account::till()
    })
}

fn money(amount: &str, currency: &str) -> Result<(Amount, String), String> {
    let amount = Amount::parse(amount).ok_or_else(|| format!("{amount:?} is not an amount"))?;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("{currency:?} is not a currency code such as CHF"));
    }
    Ok((amount, currency.to_owned()))
}

fn gift_card(text: &str) -> Result<GiftCard, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let [code, balance, currency] = parts.as_slice() else {
        return Err("give code:balance:currency".to_owned());
    };
    let (balance, currency) = money(balance, currency)?;
    Ok(GiftCard::new(code, balance, &currency))
}

fn permission(text: &str) -> Result<(String, Permission), String> {
    let (user, right) = text.split_once('=').ok_or("give user=METHODS:SCOPE")?;
    let (methods, scope) = right.split_once(':').ok_or("give user=METHODS:SCOPE")?;
    Ok((user.to_owned(), Permission::new(scope, methods)))
}

/// An account that an option names.
fn named<'a>(accounts: &'a mut [Account], option: &str, user: &str) -> Result<&'a mut Account, SandboxError> {
    let found = accounts.iter_mut().find(|account| account.user == user);
    found.ok_or_else(|| SandboxError::Config(format!("{option} names {user:?}, which is no account")))
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
        named(&mut accounts, "--token", &user)?.token = Some(token);
    }
    for (user, url) in arguments.subscriptions {
        let account = named(&mut accounts, "--subscribe", &user)?;
        account.subscriptions.push(Subscription::to_results_at(&url));
    }
    let mut restricted: Vec<String> = Vec::new();
    for (user, permission) in arguments.permissions {
        let account = named(&mut accounts, "--permission", &user)?;
        if !restricted.contains(&user) {
            account.permissions.clear();
            restricted.push(user);
        }
        account.permissions.push(permission);
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
        gift_cards: arguments.gift_cards,
        keep_answers: arguments.keep_answers,
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
