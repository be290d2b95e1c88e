//! `allocations`: which instructions allocate, how many objects and how many bytes.
//!
//! What the heap's counters gain between two instructions is put down to the first of them. Bytes are what objects and their buffers
//! grow by: a buffer that shrinks is not counted against the instruction, and what a collection frees is no shrinking.

use std::cmp::Reverse;

use runtime::heap::Heap;

use crate::profile::{Cell, Code, Moment, PerSite, Place, ProbeKind, Recorder, Table, counted};

pub(super) const PROBE: ProbeKind = ProbeKind {
    name: "allocations",
    about: "which instructions allocate how many objects and bytes",
    needs_plain_code: false,
    begin: |code| Box::new(Allocations { sites: PerSite::new(code), running: None }),
};

struct Allocations {
    sites: PerSite<Site>,
    /// The running instruction, and the counters before it.
    running: Option<(Place, Counters)>,
}

#[derive(Clone, Copy, Default)]
struct Site {
    executed: u64,
    objects: u64,
    bytes: u64,
}

#[derive(Clone, Copy)]
struct Counters {
    objects: u64,
    bytes: u64,
}

impl Counters {
    fn of(heap: &Heap) -> Self {
        Self { objects: heap.objects_counted(), bytes: heap.statistics().allocated_bytes }
    }
}

impl Allocations {
    /// The running instruction is done.
    fn charge(&mut self, now: Counters) {
        let Some((place, before)) = self.running else { return };
        let site = self.sites.at(place);
        site.executed += 1;
        site.objects += now.objects - before.objects;
        site.bytes += now.bytes.saturating_sub(before.bytes);
    }
}

impl Recorder for Allocations {
    fn instruction(&mut self, moment: &Moment<'_>) {
        let now = Counters::of(moment.event.heap);
        self.charge(now);
        self.running = Some((moment.place(), now));
    }

    fn end(&mut self, heap: &Heap) {
        self.charge(Counters::of(heap));
        self.running = None;
    }

    fn tables(&self, code: &Code<'_>) -> Vec<Table> {
        let allocates = |site: &&(Place, &Site)| site.1.objects > 0 || site.1.bytes > 0;
        let mut sites: Vec<(Place, &Site)> = self.sites.iter().filter(|site| allocates(&site)).collect();
        sites.sort_by_key(|(_, site)| Reverse((site.bytes, site.objects)));
        let total = |figure: fn(&Site) -> u64| sites.iter().map(|(_, site)| figure(site)).sum::<u64>();
        let (objects, bytes) = (total(|site| site.objects), total(|site| site.bytes));
        let row = |&(place, site): &(Place, &Site)| {
            let figures = [
                Cell::Count(site.executed),
                Cell::Count(site.objects),
                Cell::Bytes(site.bytes),
                Cell::share(site.bytes, bytes),
                Cell::ratio(site.bytes, site.executed),
            ];
            code.row(place, figures)
        };
        vec![Table {
            name: "allocations",
            title: "allocations by site",
            columns: &[
                "function",
                "line",
                "at",
                "operation",
                "executed",
                "objects",
                "bytes",
                "share",
                "bytes each",
                "source",
            ],
            rows: sites.iter().map(row).collect(),
            notes: vec![format!(
                "{} and {} at {}",
                counted(objects, "object"),
                counted(bytes, "byte"),
                counted(sites.len() as u64, "site")
            )],
        }]
    }
}
