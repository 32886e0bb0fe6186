//! Which of CY.SEND's servers is addressed: the variables of the address in the entry `servers` of its description.

use crate::error::{Result, TillgateError};
use crate::transport::BaseUrl;

const ENVIRONMENT: &str = "prod";
const VERSION: &str = "v5.2.3";
/// What stands before the two variables in the path.
const PARENT: &str = "openapi";

/// The variables of CY.SEND's address `https://www.cysend.com/openapi/{environment}/{version}`. Values that the description does
/// not list are allowed: new versions appear. Each has 1 to 64 of `A-Z a-z 0-9 . _ ~ -`, and no `..`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, uniffi::Record)]
pub struct CysendServer {
    /// The environment. Left out: `prod`; in `with_server` the one that the client has.
    #[uniffi(default = None)]
    pub environment: Option<String>,
    /// The version of the API. Left out: `v5.2.3`; in `with_server` the one that the client has.
    #[uniffi(default = None)]
    pub version: Option<String>,
}

/// The address of a new client.
pub(super) fn address(base_url: Option<String>, server: Option<CysendServer>) -> Result<String> {
    match (base_url, server) {
        (Some(_), Some(_)) => wrong("server", "Give either base_url or server: they say the same thing."),
        (Some(base_url), None) => Ok(base_url),
        (None, server) => {
            let server = server.unwrap_or_default();
            let [environment, version] = values(&server, [ENVIRONMENT, VERSION])?;
            Ok(format!("https://www.cysend.com/{PARENT}/{environment}/{version}"))
        }
    }
}

/// What the last two segments of a client's address are to be, to reach another server of the same host. The host stays:
/// what talks to a sandbox must not end up at the real gateway.
pub(super) fn last_segments<'a>(client: &'a BaseUrl, server: &'a CysendServer) -> Result<[&'a str; 2]> {
    let segments = client.segments();
    let [.., PARENT, environment, version] = segments[..] else {
        return wrong(
            "server",
            "The client's address does not end in /openapi/{environment}/{version}, so there is nothing to replace.",
        );
    };
    values(server, [environment, version])
}

fn values<'a>(server: &'a CysendServer, otherwise: [&'a str; 2]) -> Result<[&'a str; 2]> {
    let environment = value("server.environment", server.environment.as_deref(), otherwise[0])?;
    let version = value("server.version", server.version.as_deref(), otherwise[1])?;
    Ok([environment, version])
}

/// One segment of a path, and surely nothing else.
fn value<'a>(field: &str, given: Option<&'a str>, otherwise: &'a str) -> Result<&'a str> {
    let Some(given) = given else { return Ok(otherwise) };
    let fits = (1..=64).contains(&given.len())
        && given.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
        && given != "."
        && !given.contains("..");
    if fits {
        Ok(given)
    } else {
        wrong(field, "It has 1 to 64 of A-Z a-z 0-9 . _ ~ - and no two dots in a row.")
    }
}

fn wrong<T>(field: &str, why: &str) -> Result<T> {
    Err(TillgateError::invalid_argument(field, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(environment: Option<&str>, version: Option<&str>) -> CysendServer {
        CysendServer { environment: environment.map(Into::into), version: version.map(Into::into) }
    }

    #[test]
    fn an_address_is_made_of_the_descriptions_template() {
        let made = |server| address(None, server).unwrap();
        assert_eq!(made(None), "https://www.cysend.com/openapi/prod/v5.2.3");
        assert_eq!(made(Some(CysendServer::default())), "https://www.cysend.com/openapi/prod/v5.2.3");
        let other = server(Some("staging"), Some("v6.0.0-rc.1"));
        assert_eq!(made(Some(other)), "https://www.cysend.com/openapi/staging/v6.0.0-rc.1");
        let own = address(Some("https://shop.example/x".into()), None);
        assert_eq!(own.as_deref(), Ok("https://shop.example/x"));
        let error =
            address(Some("https://shop.example/x".into()), Some(CysendServer::default())).unwrap_err();
        assert_eq!(error.details().field.as_deref(), Some("server"));
    }

    #[test]
    fn a_value_stays_within_its_segment() {
        let long = "v".repeat(65);
        for value in
            ["", ".", "..", "a..b", "a/b", "a?b", "a#b", "a%2Fb", "a\\b", "a\nb", "a b", "\u{fc}", &long]
        {
            for (given, field) in [
                (server(Some(value), None), "server.environment"),
                (server(None, Some(value)), "server.version"),
            ] {
                let error = address(None, Some(given)).unwrap_err();
                assert_eq!(error.details().field.as_deref(), Some(field), "{value:?}");
            }
        }
        assert!(address(None, Some(server(Some("a.b_c~d-e"), Some(&"v".repeat(64))))).is_ok());
    }

    #[test]
    fn another_server_is_on_the_same_host_and_keeps_what_was_not_said() {
        let of = |base: &str, environment, version| {
            let base = BaseUrl::checked(base).unwrap();
            last_segments(&base, &server(environment, version)).map(|last| last.join(" "))
        };
        assert_eq!(of("https://a.example/openapi/test/v5", None, Some("v6")).unwrap(), "test v6");
        assert_eq!(of("https://a.example/x/openapi/test/v5/", Some("prod"), None).unwrap(), "prod v5");
        for base in ["https://a.example", "https://a.example/openapi/v5", "https://a.example/api/test/v5"] {
            let error = of(base, None, Some("v6")).unwrap_err();
            assert_eq!(error.details().field.as_deref(), Some("server"), "{base}");
        }
    }
}
