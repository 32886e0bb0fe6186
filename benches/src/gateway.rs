//! The gateway that all sides buy at: it takes every order, counts it, and knows which ids it has seen.
//!
//! The sandbox keeps a ledger and can fail in a hundred ways; here it would be most of what is measured.

use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Result;

struct Gateway {
    catalogue: Bytes,
    /// What every order is: `success` or `accepted`.
    status: &'static str,
    date: String,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    ids: HashSet<String>,
    orders: u64,
    /// Orders whose id was there before.
    twice: u64,
    look_ups: u64,
    /// Those of the last second, to know the most that there were in any second.
    recent: VecDeque<Instant>,
    look_ups_in_a_second_max: u64,
}

/// What is read of an order, as it stands in the request.
#[derive(Deserialize)]
struct Asked<'a> {
    user_uid: &'a str,
    #[serde(borrow)]
    face_value_id: &'a RawValue,
    #[serde(borrow)]
    face_value: &'a RawValue,
    face_value_currency: &'a str,
    scenario: &'a str,
    #[serde(borrow)]
    beneficiary_information: &'a RawValue,
}

pub fn serve(catalogue: &str, manner: &str) -> Result<()> {
    let status = match manner {
        "success" => "success",
        "accepted" => "accepted",
        other => return Err(format!("there is no manner {other:?}").into()),
    };
    let gateway = Arc::new(Gateway {
        catalogue: std::fs::read(catalogue)?.into(),
        status,
        date: tillgate::Timestamp::now().to_string(),
        books: Mutex::default(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    println!("listening on http://{}/openapi/prod/v5.2.3", listener.local_addr()?);
    std::io::stdout().flush()?;
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let gateway = gateway.clone();
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let answer = service_fn(move |request| answer(gateway.clone(), request));
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
    // Ends with whoever started it.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

async fn answer(
    gateway: Arc<Gateway>,
    request: Request<Incoming>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    let (status, body) = match (request.method(), path.rsplit('/').next().unwrap_or_default()) {
        (&Method::POST, "order") => match request.into_body().collect().await {
            Ok(body) => gateway.take(&body.to_bytes()),
            Err(_) => (StatusCode::BAD_REQUEST, Bytes::new()),
        },
        (&Method::GET, "order") => gateway.look_up(request.uri().query().unwrap_or_default()),
        (&Method::GET, "catalogue") => (StatusCode::OK, gateway.catalogue.clone()),
        (&Method::GET, "counts") => (StatusCode::OK, gateway.counts()),
        _ => (StatusCode::NOT_FOUND, Bytes::new()),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}

impl Gateway {
    fn take(&self, body: &[u8]) -> (StatusCode, Bytes) {
        let Ok(asked) = serde_json::from_slice::<Vec<Asked<'_>>>(body) else {
            return (StatusCode::BAD_REQUEST, Bytes::new());
        };
        {
            let mut books = self.books.lock().expect("the books");
            for order in &asked {
                books.orders += 1;
                if !books.ids.insert(order.user_uid.to_string()) {
                    books.twice += 1;
                }
            }
        }
        let told: Vec<String> = asked.iter().map(|order| self.told(order)).collect();
        (StatusCode::CREATED, format!("[{}]", told.join(",")).into())
    }

    /// Any order is there: those that were copied into a journal were never sent.
    fn look_up(&self, query: &str) -> (StatusCode, Bytes) {
        let mut books = self.books.lock().expect("the books");
        let now = Instant::now();
        books.look_ups += 1;
        books.recent.push_back(now);
        while books.recent.front().is_some_and(|first| now.duration_since(*first) >= Duration::from_secs(1)) {
            books.recent.pop_front();
        }
        books.look_ups_in_a_second_max = books.look_ups_in_a_second_max.max(books.recent.len() as u64);
        drop(books);
        let Some(id) = query.split('&').find_map(|pair| pair.strip_prefix("user_uid=")) else {
            return (StatusCode::BAD_REQUEST, Bytes::new());
        };
        let raw = |text: &str| RawValue::from_string(text.to_string()).expect("a constant");
        let (number, amount) = (raw("1111"), raw("10"));
        let beneficiary = raw(r#"[{"name":"mobile","value":"+41791234567"}]"#);
        let told = self.told(&Asked {
            user_uid: id,
            face_value_id: &number,
            face_value: &amount,
            face_value_currency: "CHF",
            scenario: "simulate-success",
            beneficiary_information: &beneficiary,
        });
        (StatusCode::OK, format!("[{told}]").into())
    }

    fn told(&self, order: &Asked<'_>) -> String {
        let (status, date) = (self.status, &self.date);
        let Asked {
            user_uid,
            face_value_id,
            face_value,
            face_value_currency,
            scenario,
            beneficiary_information,
        } = order;
        format!(
            "{{\"uid\":\"u-{user_uid}\",\"user_uid\":\"{user_uid}\",\"date\":\"{date}\",\"face_value_id\":{face_value_id},\
             \"face_value\":{face_value},\"face_value_currency\":\"{face_value_currency}\",\"scenario\":\"{scenario}\",\
             \"cost\":9.5,\"currency\":\"CHF\",\"beneficiary_information\":{beneficiary_information},\"status\":\"{status}\",\
             \"response_code\":\"00\",\"response_title\":\"Transaction successful\",\"response_description\":\"Sent\"}}"
        )
    }

    fn counts(&self) -> Bytes {
        let books = self.books.lock().expect("the books");
        let Books { orders, twice, look_ups, look_ups_in_a_second_max, .. } = &*books;
        format!(
            "{{\"orders\":{orders},\"twice\":{twice},\"look_ups\":{look_ups},\
             \"look_ups_in_a_second_max\":{look_ups_in_a_second_max}}}"
        )
        .into()
    }
}
