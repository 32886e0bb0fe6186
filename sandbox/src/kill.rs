//! Killing a process at a chosen moment, as a power cut would.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::faults::KillTarget;

/// A killed process is gone long before this.
const DEATH_TIMEOUT: Duration = Duration::from_secs(5);

/// Kills a process and waits until it is gone. `client` and `server` are the two ends of the connection in question.
/// Returns what was done, in words.
pub(crate) fn kill(target: KillTarget, client: SocketAddr, server: SocketAddr) -> Result<String, String> {
    let pid = match target {
        KillTarget::Pid(pid) => pid,
        KillTarget::Peer => {
            peer(client, server).ok_or_else(|| "no process of this machine holds the other end".to_owned())?
        }
    };
    if pid <= 1 || pid == std::process::id() {
        return Err(format!("process {pid} is the sandbox itself, or the first one: not killed"));
    }
    let handle =
        i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| format!("{pid} is no process id"))?;
    kill_process(handle, Signal::KILL)
        .map_err(|error| format!("process {pid} could not be killed: {error}"))?;
    let begun = Instant::now();
    while !is_gone(pid) {
        if begun.elapsed() > DEATH_TIMEOUT {
            return Err(format!("process {pid} was killed and is still there"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(format!("killed process {pid}"))
}

/// Gone, or a zombie that its parent has not collected yet.
fn is_gone(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The state follows the command, which is in parentheses and may hold any character.
        Ok(stat) => stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X'])),
        Err(_) => true,
    }
}

/// The process that holds the client's end of a loopback connection.
fn peer(client: SocketAddr, server: SocketAddr) -> Option<u32> {
    let inode = inode_of(client, server)?;
    let wanted = format!("socket:[{inode}]");
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // Processes of others cannot be read, and cannot be killed either.
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = |file: fs::DirEntry| {
            fs::read_link(file.path()).is_ok_and(|link| link.as_os_str() == wanted.as_str())
        };
        if files.flatten().any(holds) {
            return Some(pid);
        }
    }
    None
}

fn inode_of(client: SocketAddr, server: SocketAddr) -> Option<String> {
    // A client may reach 127.0.0.1 through an IPv6 socket, as the JVM does: then it is listed as a mapped address.
    let mapped = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    };
    find_inode("/proc/net/tcp", &printed(client), &printed(server))
        .or_else(|| find_inode("/proc/net/tcp6", &printed(mapped(client)), &printed(mapped(server))))
}

/// Columns of /proc/net/tcp (proc_net_tcp in the kernel's documentation): 1 local, 2 remote, 9 inode.
fn find_inode(table: &str, local: &str, remote: &str) -> Option<String> {
    let table = fs::read_to_string(table).ok()?;
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        (columns.get(1) == Some(&local) && columns.get(2) == Some(&remote))
            .then(|| columns.get(9).map(|inode| (*inode).to_owned()))?
    })
}

/// An address as the kernel prints it: words of 32 bits in the machine's byte order, in hexadecimal.
fn printed(address: SocketAddr) -> String {
    let bytes = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = bytes.chunks_exact(4).map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
    let text: String = words.map(|word| format!("{word:08X}")).collect();
    format!("{text}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_holder_of_a_loopback_connection_is_found() {
        for bind in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(bind) else { continue };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let found = peer(client.local_addr().unwrap(), client.peer_addr().unwrap());
            assert_eq!(found, Some(std::process::id()), "{bind}");
        }
    }

    #[test]
    fn a_client_that_reaches_ipv4_through_an_ipv6_socket_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mapped = format!("[::ffff:127.0.0.1]:{}", listener.local_addr().unwrap().port());
        let _client = TcpStream::connect(mapped).unwrap();
        let (server, client) = listener.accept().unwrap();
        assert!(client.is_ipv4(), "the sandbox sees an address of IPv4");
        assert_eq!(peer(client, server.local_addr().unwrap()), Some(std::process::id()));
    }

    #[test]
    fn neither_the_sandbox_nor_the_first_process_is_killed() {
        let nowhere = "127.0.0.1:9".parse().unwrap();
        for pid in [0, 1, std::process::id()] {
            assert!(kill(KillTarget::Pid(pid), nowhere, nowhere).is_err());
        }
    }
}
