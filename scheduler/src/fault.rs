//! Mistakes that tests plant in the scheduler, to show that they would be noticed.
//!
//! Wherever the scheduler could plausibly be wrong it asks [`Faults::plants`] whether to be. [`NoFaults`] is what everything but those tests runs with; its
//! answer is a constant, so nothing of this is in compiled code.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Validation at the end of an execution does not look whether it was invalidated meanwhile.
    ValidationSkipped,
    /// An executed transaction is not aborted when what it read has changed.
    AbortSkipped,
    /// A read does not register the reader.
    ReaderForgotten,
    /// A read registers an incarnation that is over.
    StaleIncarnation,
    /// A full list of readers drops those who still run.
    ReadersPruned,
    /// A delta above hides a change from readers, as only a written value does.
    DeltaShields,
    /// The transaction that reads and overwrites a location is not told that it changed.
    WriterNotReader,
    /// A read may find what a later transaction wrote.
    ReadsTheFuture,
    /// A location that a new incarnation no longer writes keeps its old version.
    OldWriteStays,
    /// A location that a new incarnation no longer writes loses its version, and its readers are not told.
    RemovalSilent,
    /// A new value in place of an older incarnation's does not invalidate who read that.
    RewriteSilent,
    /// A first write to a location does not invalidate who read below it.
    FirstWriteSilent,
    /// What was an estimate stays one when the value is written.
    EstimateStays,
    /// A read takes an estimate for a value, and does not register for what comes in its place.
    EstimateRead,
    /// A delta that was applied at commit stays in memory and is added once more.
    DeltaMergedTwice,
    /// A read leaves out deltas that are not committed.
    DeltaDropped,
    /// Commit does not check the bounds of deltas.
    BoundUnchecked,
    /// Commit takes a later transaction that is executed for the next.
    CommitOutOfOrder,
    /// The writes of the next transaction are taken for committed, too, when versions are folded.
    FoldsTooFar,
    /// Who waits for a transaction is not woken when it is executed.
    LostWakeUp,
    /// A transaction begins to wait without looking whether what it waits for was executed meanwhile.
    WaitUnchecked,
    /// Sleeping workers are not told that the block has ended.
    EndNotAnnounced,
    /// Whoever commits leaves without looking whether somebody asked for more meanwhile.
    BatonDropped,
    /// A worker looks whether its transaction is the next to commit before it is executed, not after.
    CommitAskedEarly,
    /// An aborted transaction is not queued.
    AbortNotQueued,
    /// The cursor passes one transaction too many when the run is parallel again.
    CursorTooHigh,
    /// A transaction that waits for the commit of all before it is not released.
    DeferredForgotten,
    /// An execution counts as being at the commit point though the one before it is not committed.
    CommitPointEarly,
    /// Writes of an execution that stopped are left to the next one of that worker.
    WritesLeak,
    /// The serial run after a doubt begins one transaction too late.
    FallbackSkipsOne,
    /// Two workers may execute the same transaction at once.
    ClaimedTwice,
    /// A location that a hint named and the transaction does not write keeps its estimate.
    HintStays,
    /// Transactions of a serial stretch look as if nobody had executed them.
    StretchUnmarked,
    /// A worker that saw everything committed begins a serial stretch though the run was parallel in between.
    ClosedTwice,
}

impl Fault {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Fault; 34] = [
        Fault::ValidationSkipped,
        Fault::AbortSkipped,
        Fault::ReaderForgotten,
        Fault::StaleIncarnation,
        Fault::ReadersPruned,
        Fault::DeltaShields,
        Fault::WriterNotReader,
        Fault::ReadsTheFuture,
        Fault::OldWriteStays,
        Fault::RemovalSilent,
        Fault::RewriteSilent,
        Fault::FirstWriteSilent,
        Fault::EstimateStays,
        Fault::EstimateRead,
        Fault::DeltaMergedTwice,
        Fault::DeltaDropped,
        Fault::BoundUnchecked,
        Fault::CommitOutOfOrder,
        Fault::FoldsTooFar,
        Fault::LostWakeUp,
        Fault::WaitUnchecked,
        Fault::EndNotAnnounced,
        Fault::BatonDropped,
        Fault::CommitAskedEarly,
        Fault::AbortNotQueued,
        Fault::CursorTooHigh,
        Fault::DeferredForgotten,
        Fault::CommitPointEarly,
        Fault::WritesLeak,
        Fault::FallbackSkipsOne,
        Fault::ClaimedTwice,
        Fault::HintStays,
        Fault::StretchUnmarked,
        Fault::ClosedTwice,
    ];
}

/// Which mistake is planted, if any.
pub(crate) trait Faults: Copy + Send + Sync + 'static {
    /// Whether this one is.
    fn plants(self, fault: Fault) -> bool;
}

/// None.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NoFaults;

impl Faults for NoFaults {
    #[inline(always)]
    fn plants(self, _: Fault) -> bool {
        false
    }
}

/// One, or none where tests compare.
#[cfg(test)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planted(pub(crate) Option<Fault>);

#[cfg(test)]
impl Faults for Planted {
    fn plants(self, fault: Fault) -> bool {
        self.0 == Some(fault)
    }
}
