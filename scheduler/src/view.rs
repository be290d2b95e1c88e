//! What a transaction sees of the state while it is executed.

use crate::delta::Delta;
use crate::memory::{Found, Location, Write};
use crate::overlay::Overlay;
use crate::traits::{Key, State, Value};
use crate::version::Version;
use crate::write_set::WriteSet;

/// The execution can't go on. Only the view makes it, and whoever executes passes it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop(pub(crate) Reason);

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Reason::Dependency(_) => "an earlier transaction will probably write what is read",
            Reason::Invalidated => "an earlier transaction wrote what was read",
            Reason::Deferred => "all earlier transactions must be committed first",
            Reason::GivenUp => "the block must be run serially from here on",
        })
    }
}

impl std::error::Error for Stop {}

/// Why an execution can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It read an estimate of this transaction.
    Dependency(u32),
    /// Something it read has changed, so it won't be committed.
    Invalidated,
    /// Deltas above the state pass a bound, so one of them will fail, or they are too many.
    Deferred,
    /// Whoever executes says that the block cannot be run in parallel.
    GivenUp,
}

/// A location that was read, and the execution that wrote what was found, or [`Version::BASE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) location: Location,
    pub(crate) version: Version,
}

/// Reads of one execution from multi-version memory.
pub(crate) trait Versions<K, V: Value> {
    /// What the execution finds at a location; it is told when that changes, if it is to be registered.
    fn find(&self, key: &K, hash: u64, reader: Version, register: bool) -> (Location, Found<V>);
    /// Whether something the execution read has changed.
    fn is_invalidated(&self, reader: Version) -> bool;
    /// What the transactions before the execution, all of which are committed, wrote to a location, and which of them did last.
    fn settled(&self, key: &K, hash: u64, reader: u32) -> Option<(Version, Option<V>)>;
}

/// Where a view reads what the transaction did not write itself.
pub(crate) enum Source<'a, K, V: Value> {
    /// What all before it wrote: the execution is one of a serial run.
    Serial(&'a Overlay<K, V>),
    /// The same above multi-version memory, in which all is committed. It notes which transactions wrote what was read.
    Stretch { overlay: &'a Overlay<K, V>, versions: &'a dyn Versions<K, V>, index: u32, writers: &'a mut Vec<u32> },
    /// Multi-version memory.
    Versions {
        versions: &'a dyn Versions<K, V>,
        version: Version,
        reads: &'a mut Vec<Read>,
        /// All before it are committed, so nothing it reads will change.
        is_at_commit_point: bool,
    },
}

/// What a transaction sees of the state: what all transactions before it in the block left, as far as is known, under its own writes.
pub struct View<'a, K: Key, V: Value> {
    writes: &'a mut WriteSet<K, V>,
    base: &'a dyn State<K, V>,
    source: Source<'a, K, V>,
    stopped: Option<Reason>,
}

impl<K: Key, V: Value> std::fmt::Debug for View<'_, K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("stopped", &self.stopped).finish_non_exhaustive()
    }
}

impl<'a, K: Key, V: Value> View<'a, K, V> {
    pub(crate) fn new(
        writes: &'a mut WriteSet<K, V>,
        base: &'a dyn State<K, V>,
        source: Source<'a, K, V>,
    ) -> View<'a, K, V> {
        View { writes, base, source, stopped: None }
    }

    /// Why the execution stopped, if it did.
    pub(crate) fn stopped(&self) -> Option<Reason> {
        self.stopped
    }

    /// What a location holds.
    ///
    /// # Errors
    ///
    /// The execution can't go on: an earlier transaction will probably write here, or an earlier read turned out to be wrong.
    pub fn read(&mut self, key: &K) -> Result<Option<V>, Stop> {
        let hash = crate::hash(key);
        match self.writes.find(key, hash) {
            Some(Write::Put(value)) => Ok(value.clone()),
            Some(Write::Add(_)) => self.read_under_delta(key, hash),
            None => self.read_below(key, hash, true),
        }
    }

    /// Makes a location hold this value.
    ///
    /// # Errors
    ///
    /// Those of [`View::read`], where the transaction has added to this location before, whose bounds are then checked.
    pub fn write(&mut self, key: K, value: V) -> Result<(), Stop> {
        self.put(key, Some(value))
    }

    /// Makes a location hold nothing.
    ///
    /// # Errors
    ///
    /// Those of [`View::write`].
    pub fn remove(&mut self, key: K) -> Result<(), Stop> {
        self.put(key, None)
    }

    /// Changes what a location holds without reading it, so that transactions which do the same do not conflict. Says whether the change is
    /// allowed; if not, nothing has changed. While that is not known it is taken to be so.
    ///
    /// # Errors
    ///
    /// Those of [`View::read`].
    pub fn add(&mut self, key: K, delta: V::Delta) -> Result<bool, Stop> {
        let hash = crate::hash(&key);
        let is_exact = self.is_exact();
        match self.writes.find(&key, hash) {
            Some(Write::Put(value)) => {
                let sum = delta.apply(value.as_ref());
                let is_allowed = sum.is_some();
                if is_allowed {
                    *value = sum;
                }
                Ok(is_allowed)
            }
            Some(Write::Add(before)) => match before.then(&delta) {
                true => Ok(true),
                false => self.stop(Reason::Deferred),
            },
            None if is_exact => {
                // Not a read: what is added to does not decide what comes out, so there is no dependence either.
                let sum = delta.apply(self.read_below(&key, hash, false)?.as_ref());
                let is_allowed = sum.is_some();
                if is_allowed {
                    self.writes.insert(key, hash, Write::Put(sum));
                }
                Ok(is_allowed)
            }
            None => {
                self.writes.insert(key, hash, Write::Add(delta));
                Ok(true)
            }
        }
    }

    /// Whether nothing that is read will change, because all before it is committed.
    pub fn is_exact(&self) -> bool {
        !matches!(self.source, Source::Versions { is_at_commit_point: false, .. })
    }

    /// Whether a change of what a location holds below the transaction's own writes would be allowed. Not a read.
    ///
    /// # Errors
    ///
    /// Those of [`View::read`].
    pub fn allows(&mut self, key: &K, delta: &V::Delta) -> Result<bool, Stop> {
        let below = self.read_below(key, crate::hash(key), false)?;
        Ok(delta.apply(below.as_ref()).is_some())
    }

    /// Whether the execution is alone: nothing else is executed meanwhile, and all that was executed before is committed.
    pub fn is_alone(&self) -> bool {
        !matches!(self.source, Source::Versions { .. })
    }

    /// Ends the parallel run: what is committed stays, and this transaction and all after it are executed serially. It is for who has relied on something that holds
    /// of most blocks without reading it, and is about to change that. An execution that is [alone](View::is_alone) has no need for it, and must not ask for it.
    pub fn give_up(&mut self) -> Stop {
        self.stopped = Some(Reason::GivenUp);
        Stop(Reason::GivenUp)
    }

    /// Has the transaction executed when all before it are committed: for who has relied on something that is not known before.
    pub fn defer(&mut self) -> Stop {
        self.stopped = Some(Reason::Deferred);
        Stop(Reason::Deferred)
    }

    /// Drops all writes of this transaction so far, those of a transaction that fails, say.
    ///
    /// # Errors
    ///
    /// Those of [`View::read`], where the transaction has added to a location, whose bounds are then checked.
    pub fn discard(&mut self) -> Result<(), Stop> {
        // What it added may not be allowed, and then it would not have come here.
        for at in 0..self.writes.entries.len() {
            let entry = &self.writes.entries[at];
            if matches!(entry.write, Write::Add(_)) {
                let (key, hash) = (entry.key.clone(), entry.hash);
                self.read_under_delta(&key, hash)?;
            }
        }
        self.writes.clear();
        Ok(())
    }

    fn put(&mut self, key: K, value: Option<V>) -> Result<(), Stop> {
        let hash = crate::hash(&key);
        if let Some(Write::Add(_)) = self.writes.find(&key, hash) {
            self.read_under_delta(&key, hash)?;
        }
        match self.writes.find(&key, hash) {
            Some(write) => *write = Write::Put(value),
            None => self.writes.insert(key, hash, Write::Put(value)),
        }
        Ok(())
    }

    /// Reads a location that the transaction has added to, which makes of the delta a value.
    fn read_under_delta(&mut self, key: &K, hash: u64) -> Result<Option<V>, Stop> {
        let below = self.read_below(key, hash, true)?;
        let Some(write) = self.writes.find(key, hash) else { unreachable!("the caller has found it") };
        let Write::Add(delta) = write else { unreachable!("the caller has seen a delta") };
        match delta.apply(below.as_ref()) {
            Some(value) => {
                *write = Write::Put(Some(value.clone()));
                Ok(Some(value))
            }
            // It was said to be allowed; at the commit point that can be said for certain.
            None => self.stop(Reason::Deferred),
        }
    }

    fn read_below(&mut self, key: &K, hash: u64, is_read: bool) -> Result<Option<V>, Stop> {
        match &mut self.source {
            Source::Serial(overlay) => match overlay.get(key, hash) {
                Some(held) => Ok(held.value.clone()),
                None => Ok(self.base.read(key)),
            },
            Source::Stretch { overlay, versions, index, writers } => {
                let (writer, value) = match overlay.get(key, hash) {
                    Some(held) => (held.writer, held.value.clone()),
                    None => match versions.settled(key, hash, *index) {
                        Some((version, value)) => (version.index, value),
                        None => return Ok(self.base.read(key)),
                    },
                };
                if is_read {
                    writers.push(writer);
                }
                Ok(value)
            }
            Source::Versions { versions, version, reads, is_at_commit_point } => {
                if !*is_at_commit_point && versions.is_invalidated(*version) {
                    return self.stop(Reason::Invalidated);
                }
                let (location, found) = versions.find(key, hash, *version, !*is_at_commit_point);
                let (version, value) = match found {
                    Found::Estimate(index) => return self.stop(Reason::Dependency(index)),
                    Found::TooMuch => return self.stop(Reason::Deferred),
                    Found::Base => (Version::BASE, self.base.read(key)),
                    Found::Written(version, value) => (version, value),
                    Found::Deltas { top, bottom, delta } => {
                        let bottom = bottom.unwrap_or_else(|| self.base.read(key));
                        let Some(value) = delta.apply(bottom.as_ref()) else { return self.stop(Reason::Deferred) };
                        (top, Some(value))
                    }
                };
                if is_read {
                    reads.push(Read { location, version });
                }
                Ok(value)
            }
        }
    }

    #[cold]
    fn stop<R>(&mut self, reason: Reason) -> Result<R, Stop> {
        self.stopped = Some(reason);
        Err(Stop(reason))
    }
}
