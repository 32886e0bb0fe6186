//! The table: medians with their spread, ratios, goals, and by how much a goal was missed.

/// Times of one side, one for each round.
#[derive(Clone, Debug, Default)]
pub struct Times(pub Vec<f64>);

impl Times {
    pub fn median(&self) -> f64 {
        median(&self.0)
    }

    /// The ratios to another side, round by round: what disturbed both is in neither.
    pub fn over(&self, other: &Times) -> Times {
        Times(self.0.iter().zip(&other.0).map(|(ours, theirs)| ours / theirs).collect())
    }

    fn spread(&self) -> (f64, f64) {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        (least, self.0.iter().copied().fold(0.0, f64::max))
    }
}

/// What is wanted of a figure.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// It stands beside the others, for comparison.
    None,
}

#[derive(Clone, Debug)]
pub struct Line {
    pub row: &'static str,
    pub ours: String,
    pub peer: String,
    /// The figure that the goal is about, as it is told.
    pub figure: String,
    pub value: f64,
    pub goal: Goal,
    /// How the goal is told.
    pub told_goal: String,
}

impl Line {
    /// A line about a ratio.
    pub fn ratio(
        row: &'static str,
        ours: String,
        peer: String,
        ratio: &Times,
        goal: Goal,
        about: &str,
    ) -> Self {
        let (least, most) = ratio.spread();
        let told_goal = match goal {
            Goal::AtMost(most) => format!("≤ {} × {about}", short(most)),
            Goal::AtLeast(least) => format!("≥ {} × {about}", short(least)),
            Goal::None => format!("beside it: {about}"),
        };
        let figure = format!("{} ({}–{})", short(ratio.median()), short(least), short(most));
        Self { row, ours, peer, figure, value: ratio.median(), goal, told_goal }
    }

    fn verdict(&self) -> String {
        let (missed, limit) = match self.goal {
            Goal::AtMost(most) => (self.value > most, most),
            Goal::AtLeast(least) => (self.value < least, least),
            Goal::None => return "–".to_string(),
        };
        if !missed {
            return "met".to_string();
        }
        let factor = if self.value > limit { self.value / limit } else { limit / self.value };
        format!("**missed** by a factor of {factor:.2}")
    }

    pub fn in_short(&self) -> String {
        format!("{}: {} against {}: {}, {}", self.row, self.ours, self.peer, self.figure, self.verdict())
    }
}

#[derive(Default)]
pub struct Table {
    lines: Vec<Line>,
}

impl Table {
    pub fn add(&mut self, lines: Vec<Line>) {
        self.lines.extend(lines);
    }

    pub fn markdown(&self) -> String {
        let mut text =
            String::from("| row | ours | peer | ratio or figure | goal | |\n|---|---|---|---|---|---|\n");
        for line in &self.lines {
            let Line { row, ours, peer, figure, told_goal, .. } = line;
            text.push_str(&format!(
                "| {row} | {ours} | {peer} | {figure} | {told_goal} | {} |\n",
                line.verdict()
            ));
        }
        text
    }
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => (sorted[even / 2 - 1] + sorted[even / 2]) / 2.0,
    }
}

/// Three figures, whatever the size.
pub fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A time, in the unit that fits it.
pub fn nanoseconds(time: f64) -> String {
    match time {
        time if time >= 1e9 => format!("{} s", short(time / 1e9)),
        time if time >= 1e6 => format!("{} ms", short(time / 1e6)),
        time if time >= 1e3 => format!("{} µs", short(time / 1e3)),
        time => format!("{} ns", short(time)),
    }
}

/// A time with its spread.
pub fn spread(times: &Times) -> String {
    let (least, most) = times.spread();
    format!("{} ({}–{})", nanoseconds(times.median()), nanoseconds(least), nanoseconds(most))
}

/// How many a second, for times of one each, with the spread.
pub fn rate(times: &Times) -> String {
    let (least, most) = times.spread();
    format!("{:.0}/s ({:.0}–{:.0})", 1e9 / times.median(), 1e9 / most, 1e9 / least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(value: f64, goal: Goal) -> Line {
        let ratio = Times(vec![value]);
        Line::ratio("row", String::new(), String::new(), &ratio, goal, "peer")
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_missed_goal_says_by_how_much() {
        assert_eq!(line(1.1, Goal::AtMost(1.2)).verdict(), "met");
        assert_eq!(line(2.4, Goal::AtMost(1.2)).verdict(), "**missed** by a factor of 2.00");
        assert_eq!(line(0.7, Goal::AtLeast(0.6)).verdict(), "met");
        assert_eq!(line(0.3, Goal::AtLeast(0.6)).verdict(), "**missed** by a factor of 2.00");
        assert_eq!(line(0.3, Goal::None).verdict(), "–");
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // The machine was twice as slow in the second round, for both.
        let ratio = Times(vec![10.0, 20.0]).over(&Times(vec![5.0, 10.0]));
        assert_eq!(ratio.0, [2.0, 2.0]);
    }
}
