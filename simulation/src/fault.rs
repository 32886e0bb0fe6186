//! What can go wrong in a history, and how often each came about.

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $fault:ident = $name:literal,)*) => {
        /// Something that goes wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { $($(#[doc = $doc])* $fault,)* }

        impl Fault {
            pub const ALL: &'static [Fault] = &[$(Fault::$fault),*];

            pub fn name(self) -> &'static str {
                match self { $(Fault::$fault => $name,)* }
            }
        }
    };
}

faults! {
    /// No connection comes about.
    NotSent = "no connection",
    /// The request is lost on its way, and the caller cannot know.
    RequestLost = "request lost",
    /// The gateway refuses in its own words.
    Refused = "refused",
    /// Carried out; the connection breaks before the answer.
    AnswerLost = "answer lost",
    /// Carried out; no answer before the deadline.
    NeverAnswered = "never answered",
    /// Carried out; somebody between answers with a server's error.
    ServerError = "server error after accepting",
    /// Carried out; somebody between answers with a page.
    ProxyPage = "proxy's page after accepting",
    /// Carried out; the answer breaks off.
    Truncated = "truncated answer",
    /// The request arrives after its sender has given up, or died.
    ArrivesLate = "request arrives late",
    /// Carried out; the answer is about another id.
    ForeignAnswer = "answer about another order",
    /// Carried out; the answer has another amount.
    WrongAmount = "answer with another amount",
    /// Carried out; the answer holds the record twice.
    TwoRecords = "answer with two records",
    /// Carried out; the answer holds no record.
    EmptyAnswer = "answer without the record",
    /// Carried out; a status that nobody knows.
    UnknownStatus = "unknown status",
    /// No connection for a while.
    Outage = "outage",
    /// Some of several orders were carried out; the answer refuses all.
    PartlyDone = "refused after some were carried out",
    /// The answer lists several orders in another order.
    OtherOrder = "answers in another order",
    /// Somebody else uses the id; what became of this order is not answered.
    ForeignOrder = "another order under the id",
    /// Look-ups do not see it yet.
    Hidden = "look-up does not see it yet",
    /// A look-up is not answered.
    LookUpLost = "look-up lost",
    /// A look-up is answered with a server's error.
    LookUpFailed = "look-up answered by a server error",
    /// A look-up is answered as if the credentials were wrong.
    LookUpDenied = "look-up denied",
    /// The account sees none of its orders for a while.
    LostRights = "rights lost for a while",
    /// A look-up gives an older status.
    Stale = "look-up tells an older status",
    /// A look-up finds two records.
    FoundTwice = "look-up finds two records",
    /// A look-up finds it with another amount.
    FoundWrongAmount = "look-up finds another amount",
    /// A look-up finds it with another scenario.
    FoundOtherMode = "look-up finds another scenario",
    /// A look-up finds it with a status that nobody knows.
    FoundUnknownStatus = "look-up finds an unknown status",
    /// The gateway never comes to an end with an order.
    StaysOpen = "open for ever",
    /// The gateway changes its mind about an order that was done or not.
    Contradiction = "contradiction",
    /// A callback comes before anything else is known.
    EarlyCallback = "early callback",
    /// A callback comes long after.
    LateCallback = "late callback",
    /// A callback comes twice.
    DoubleCallback = "double callback",
    /// No callback tells of an end.
    DroppedCallback = "callback dropped",
    /// Somebody invents a callback.
    ForgedCallback = "forged callback",
    /// The process is killed.
    Crash = "process killed",
    /// The process is closed and started again.
    Restart = "restart",
    /// A backup of the journal takes its place.
    RestoredBackup = "restored backup",
    /// The wall clock jumps ahead.
    ClockAhead = "clock jumps ahead",
    /// The wall clock jumps back.
    ClockBack = "clock jumps back",
    /// The caller stops waiting.
    WaitDropped = "wait dropped",
    /// The application does not acknowledge an event.
    NotAcknowledged = "event not acknowledged",
    /// The application asks for two undos of one order at once.
    TwoUndos = "two undos at once",
    /// The application forgets the id.
    NoId = "order without an id",
    /// The person who decides is wrong.
    PersonErred = "person decided wrongly",
    /// A second process wants to buy with the journal.
    SecondProcess = "second process",
}

impl Fault {
    /// Drawing it may change nothing: it is counted where it does.
    pub fn counts_by_its_effect(self) -> bool {
        use Fault::*;
        matches!(
            self,
            ForeignAnswer
                | WrongAmount
                | TwoRecords
                | EmptyAnswer
                | UnknownStatus
                | Hidden
                | OtherOrder
                | PartlyDone
                | Stale
                | FoundTwice
                | FoundWrongAmount
                | FoundOtherMode
                | FoundUnknownStatus
                | Contradiction
        )
    }
}

/// How often each came about.
#[derive(Clone, Debug)]
pub struct Hits(pub Vec<u64>);

impl Default for Hits {
    fn default() -> Self {
        Self(vec![0; Fault::ALL.len()])
    }
}

impl Hits {
    pub fn count(&mut self, fault: Fault) {
        self.0[fault as usize] += 1;
    }

    pub fn add(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(sum, other)| *sum += other);
    }
}

#[cfg(test)]
mod tests {
    use super::Fault::{self, *};

    /// What happens here in place of each fault of the sandbox, or why nothing does.
    const OF_THE_SANDBOX: &[(&str, Result<&[Fault], &str>)] = &[
        ("CloseOnConnect", Ok(&[NotSent, Outage])),
        ("ResetOnConnect", Ok(&[NotSent, Outage])),
        ("CloseBeforeBody", Ok(&[RequestLost])),
        ("ResetBeforeBody", Ok(&[RequestLost])),
        ("ResetDuringBody", Ok(&[RequestLost])),
        ("CloseAfterBody", Ok(&[RequestLost])),
        ("ResetAfterBody", Ok(&[RequestLost])),
        ("NeverAnswer", Ok(&[RequestLost, LookUpLost])),
        ("Refuse", Ok(&[Refused, LookUpFailed, LookUpDenied])),
        ("Kill", Ok(&[Crash])),
        ("AcceptThenReset", Ok(&[AnswerLost])),
        ("AcceptThenClose", Ok(&[AnswerLost])),
        ("AcceptThenNeverAnswer", Ok(&[NeverAnswered])),
        ("AcceptThenStatus", Ok(&[ServerError, PartlyDone])),
        ("AcceptThenRedirect", Err("no HTTP here that could point elsewhere; tests against sockets show it")),
        ("AcceptThenHtml", Ok(&[ProxyPage])),
        ("AcceptThenTruncated", Ok(&[Truncated])),
        ("AcceptThenNotJson", Ok(&[Truncated])),
        ("AcceptThenEmpty", Ok(&[EmptyAnswer])),
        ("AcceptThenSlow", Err("no bytes here that could be slow; one that is too slow is never answered")),
        (
            "AcceptThenHangUp",
            Err("no connections here that could be used again; tests against sockets show it"),
        ),
        (
            "Mangle",
            Ok(&[
                ForeignAnswer,
                WrongAmount,
                TwoRecords,
                OtherOrder,
                UnknownStatus,
                FoundTwice,
                FoundWrongAmount,
                FoundOtherMode,
                FoundUnknownStatus,
            ]),
        ),
        ("HideOrder", Ok(&[Hidden])),
        ("Outcome", Ok(&[StaysOpen])),
        ("Contradict", Ok(&[Contradiction])),
        ("DuplicateCallbacks", Ok(&[DoubleCallback])),
        ("ReorderCallbacks", Err("a callback here is a name: it has no status that could be an older one's")),
        ("DropCallbacks", Ok(&[DroppedCallback])),
        ("LostRights", Ok(&[LostRights])),
    ];

    /// The names of the sandbox's kinds of fault, as its source has them.
    fn of_the_sandbox() -> Vec<&'static str> {
        let source = include_str!("../../sandbox/src/faults.rs");
        let (_, kinds) = source.split_once("pub enum FaultKind {\n").expect("the kinds");
        let (kinds, _) = kinds.split_once("\n}\n").expect("their end");
        let lines = kinds.lines().filter_map(|line| line.strip_prefix("    "));
        let named = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
        named.filter_map(|line| line.split([' ', ',', '(']).next()).collect()
    }

    #[test]
    fn each_fault_of_the_sandbox_happens_here_too_or_there_is_a_reason() {
        let mapped: Vec<&str> = OF_THE_SANDBOX.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(of_the_sandbox(), mapped);
        for (kind, here) in OF_THE_SANDBOX {
            match here {
                Ok(faults) => assert!(!faults.is_empty(), "{kind}"),
                Err(why) => assert!(!why.is_empty(), "{kind}"),
            }
        }
    }
}
