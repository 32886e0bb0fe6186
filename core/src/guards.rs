// The guards, one entry for each: what it keeps, its number, the rule that it keeps, its name, and what happens while it is
// switched off. Read by `testing.rs` and by xtask, each with its own `guards!`. The guards 1 to 20 are the main ones of the
// rules of those numbers. Numbers and names are kept for ever.
guards! {
    /// The intent and the attempt are durable before the first byte.
    DurableBeforeSend = 1, rule 1, "durable_before_send", "the order is sent before it is in the journal";
    /// The id exists before anything is sent.
    IdRequired = 2, rule 2, "id_required", "an order without an id is given one and sent";
    /// The same id belongs to the same request.
    SameIdSameRequest = 3, rule 3, "same_id_same_request", "another request under a used id is answered with the old order";
    /// What may have been sent is never blindly sent again.
    NoBlindResend = 4, rule 4, "no_blind_resend", "what may have been sent is sent again";
    /// An attempt was not sent, refused, or unknown.
    ThreeOutcomes = 5, rule 5, "three_outcomes", "a lost answer counts as a failure";
    /// No attempt starts after the order's time to act.
    SubmitBy = 6, rule 6, "submit_by", "attempts start at any time";
    /// A look-up counts only if what it found matches.
    MatchFound = 7, rule 7, "match_found", "whatever is found under the id is believed";
    /// Absence needs proof.
    AbsenceProof = 8, rule 8, "absence_proof", "the first 'not found' is a failure";
    /// What is not known does not become failure.
    UnknownStaysUnknown = 9, rule 9, "unknown_stays_unknown", "a status that nobody knows is a failure";
    /// A final state is not changed silently.
    FinalIsFinal = 10, rule 10, "final_is_final", "a final state follows whatever is said last";
    /// A callback is a hint until proved.
    CallbacksAreHints = 11, rule 11, "callbacks_are_hints", "an unsigned callback is believed";
    /// An event comes again until it is acknowledged.
    EventsUntilAcknowledged = 12, rule 12, "events_until_acknowledged", "an event is acknowledged by its delivery";
    /// Cancelling a wait does not touch what is being sent.
    CancelDetached = 13, rule 13, "cancel_detached", "the send ends with its caller's wait";
    /// One undo at a time, with an intent of its own.
    OneUndo = 14, rule 14, "one_undo", "any undo is placed beside the others";
    /// The answers of a batch match by id.
    BatchById = 15, rule 15, "batch_by_id", "the answers of a batch are taken by their position";
    /// A journal that does not fit its machine opens in quarantine.
    Quarantine = 16, rule 16, "quarantine", "a cloned or restored journal sells on";
    /// One process writes.
    OneWriter = 17, rule 17, "one_writer", "a second process opens the journal and buys";
    /// After a failed disk, no new money call.
    DiskFailure = 18, rule 18, "disk_failure", "the till sells on after a failed commit";
    /// Voucher codes are encrypted at rest.
    SecretsEncrypted = 19, rule 19, "secrets_encrypted", "vouchers lie open in the journal";
    /// Waits use the lower bound of elapsed time, windows the upper.
    ClockBounds = 20, rule 20, "clock_bounds", "a window does not notice that the wall clock jumped";
    /// A money call is not taken where the gateway points.
    NoRedirects = 21, rule 4, "no_redirects", "money calls follow redirects, and are sent again by 307 and 308";
    /// Money calls use no connection that was idle for more than two seconds.
    FreshConnections = 22, rule 4, "fresh_connections", "idle connections for money are kept as long as others";
    /// An answer is read up to a size.
    AnswerSize = 23, rule 5, "answer_size", "answers of any size are read into memory";
    /// Amounts are read digit by digit, never through a float.
    ExactMoney = 24, rule 7, "exact_money", "amounts are read as floats";
    /// An order is looked up under the account that it was placed with.
    SamePrincipal = 25, rule 7, "same_principal", "an order is looked up under any account that is attached";
    /// A "not found" counts only when the same credentials see what they should.
    ControlCall = 26, rule 8, "control_call", "a 'not found' counts although the control call fails";
    /// Running time of another process adds nothing to an absence.
    AbsenceByOneProcess = 27, rule 8, "absence_by_one_process", "time in which nothing ran counts for an absence";
    /// A callback is answered after its hint was committed.
    HintBeforeAnswer = 28, rule 11, "hint_before_answer", "callbacks are answered with 200 before their commit";
    /// Only the secret path takes callbacks.
    CallbackPath = 29, rule 11, "callback_path", "callbacks are taken at any path";
    /// A callback's body is read up to a size.
    CallbackSize = 30, rule 11, "callback_size", "callbacks of any size are read into memory";
    /// Refunds together are never more than was paid.
    RefundSum = 31, rule 14, "refund_sum", "refunds beyond the payment go out";
    /// What the gateway listed before an undo is in its intent.
    UndoBaseline = 32, rule 14, "undo_baseline", "an earlier credit at the gateway is taken for the undo's own";
    /// A restored backup is noticed by its mirrored epoch.
    EpochMirror = 33, rule 16, "epoch_mirror", "the epoch beside the journal is not compared";
    /// A secret is never printed.
    SecretsNotPrinted = 34, rule 19, "secrets_not_printed", "a secret shows its text wherever it is printed";
    /// Credentials leave this machine by TLS only.
    HttpsOnly = 35, rule 19, "https_only", "plain http to another machine is allowed";
    /// A gateway shows a certificate that the machine trusts.
    CertificateChecked = 36, rule 19, "certificate_checked", "any certificate is accepted";
    /// After a restored backup, what is new to an undo's baseline may be another undo's.
    OutdatedBaseline = 37, rule 16, "outdated_baseline", "an undo of a restored journal takes another one's credit";
}
