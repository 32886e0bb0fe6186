//! Orders, 64 at once: through a till, each durable before it is sent and before its outcome is told, or through the bare client.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tillgate::OrderState;

use crate::Result;
use crate::rounds::{Round, serve};
use crate::till::{self, Ids};

pub const AT_ONCE: usize = 64;

pub fn run(side: &str, url: &str, place: &str, count: &str) -> Result<()> {
    let count: usize = count.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut ids = Ids::new(side);
    match side {
        "till" => {
            let till = till::open(url, Path::new(place), None)?;
            serve(|| {
                runtime.block_on(rounds(&mut ids, count, {
                    let till = till.clone();
                    move |id| {
                        let till = till.clone();
                        async move {
                            let order = till.buy(till::new_order(&id)).await?;
                            if order.state == OrderState::Succeeded {
                                return Ok(());
                            }
                            Err(format!("{id} is {}", order.state).into())
                        }
                    }
                }))
            })?;
            tillgate::block_on(till.close())?;
            Ok(())
        }
        "client" => {
            let client = till::client(url, None)?;
            serve(|| {
                runtime.block_on(rounds(&mut ids, count, {
                    let client = client.clone();
                    move |id| {
                        let client = client.clone();
                        async move {
                            let orders = client.create_order(vec![till::request(&id)]).await?;
                            match orders.as_slice() {
                                [order] if order.user_uid == id => Ok(()),
                                other => Err(format!("{id} came back as {other:?}").into()),
                            }
                        }
                    }
                }))
            })
        }
        other => Err(format!("there is no side {other:?}").into()),
    }
}

/// Buys so many, always 64 under way.
async fn rounds<F, W>(ids: &mut Ids, count: usize, buy: F) -> Result<Round>
where
    F: Fn(String) -> W + Send + Sync + 'static,
    W: Future<Output = Result<()>> + Send,
{
    let mut lanes: Vec<Vec<String>> = vec![Vec::new(); AT_ONCE];
    for number in 0..count {
        lanes[number % AT_ONCE].push(ids.next());
    }
    let buy = Arc::new(buy);
    let begun = Instant::now();
    let mut running = Vec::with_capacity(AT_ONCE);
    for lane in lanes {
        let buy = buy.clone();
        running.push(tokio::spawn(async move {
            for id in lane {
                buy(id).await?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        }));
    }
    for lane in running {
        lane.await??;
    }
    Ok(Round { nanoseconds: begun.elapsed().as_nanos(), count: count as u64, ..Round::default() })
}
