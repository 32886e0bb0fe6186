//! How long `import tillgate` takes, over a bare start of Python.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Starts of each kind, taken in turns. The shortest counts: whatever else this machine does only makes them longer.
const STARTS: usize = 25;

pub struct ImportTime {
    pub bare: Duration,
    pub with_import: Duration,
    /// After the names that every seller needs were used: modules load when their names are first asked for.
    pub with_names: Duration,
}

impl ImportTime {
    pub fn of_import(&self) -> Duration {
        self.with_import.saturating_sub(self.bare)
    }

    pub fn of_names(&self) -> Duration {
        self.with_names.saturating_sub(self.bare)
    }
}

/// Measures what is installed in `place`.
pub fn measure(python: &Path, place: &Path) -> Result<ImportTime> {
    let bare = "import sys; sys.path.insert(0, sys.argv[1])";
    let import = format!("{bare}; import tillgate");
    let names = format!("{import}; tillgate.Till, tillgate.CysendClient, tillgate.NewOrder");
    let mut shortest = [Duration::MAX; 3];
    for _ in 0..STARTS {
        for (code, shortest) in [bare, &import, &names].into_iter().zip(&mut shortest) {
            let begun = Instant::now();
            let status = Command::new(python)
                .args(["-I", "-c", code])
                .arg(place)
                .stdin(Stdio::null())
                .status()
                .context("Python could not be started")?;
            if !status.success() {
                bail!("{code:?} failed");
            }
            *shortest = begun.elapsed().min(*shortest);
        }
    }
    let [bare, with_import, with_names] = shortest;
    Ok(ImportTime { bare, with_import, with_names })
}
