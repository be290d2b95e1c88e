//! Live ranges beside a listing of register code: a column for each register and each spill slot.

use std::fmt::Write;

use converter::allocate::Location;
use converter::explain::Assignment;
use converter::live::LiveRange;

use super::{fitted, instructions, width};

/// Columns that are drawn. The list below the listing has all ranges.
const MOST_COLUMNS: usize = 48;

/// A register or slot, and the ranges that live there.
struct Column {
    title: String,
    ranges: Vec<LiveRange>,
}

fn columns(assignment: &Assignment) -> Vec<Column> {
    let mut located: Vec<((bool, u32), LiveRange)> =
        assignment.ranges.iter().filter_map(|&(range, location)| Some((place(location)?, range))).collect();
    located.sort_by_key(|&(place, range)| (place, range.start));
    let mut columns: Vec<Column> = Vec::new();
    for group in located.chunk_by(|(place, _), (other, _)| place == other) {
        columns.push(Column { title: title(group[0].0), ranges: group.iter().map(|&(_, range)| range).collect() });
    }
    columns.truncate(MOST_COLUMNS);
    columns
}

/// Registers before slots, each by number.
fn place(location: Location) -> Option<(bool, u32)> {
    match location {
        Location::Nowhere => None,
        Location::Register(register) => Some((false, u32::from(register))),
        Location::Slot(slot) => Some((true, slot)),
    }
}

fn title((is_slot, number): (bool, u32)) -> String {
    format!("{}{number}", if is_slot { 's' } else { 'r' })
}

impl Column {
    /// What the column shows at an instruction that reads at `point`. Of several instructions for one point only the last one writes.
    fn glyph(&self, point: u32, is_last: bool) -> char {
        // Ranges in one place do not overlap, so their ends ascend as their beginnings do.
        let holder = |point: u32| {
            let first = self.ranges.partition_point(|range| range.end < point);
            self.ranges.get(first).filter(|range| range.start <= point)
        };
        match (holder(point), holder(point + 1)) {
            (None, None) => ' ',
            (before, _) if !is_last => before.map_or(' ', |_| '│'),
            (None, Some(after)) => {
                if after.end == point + 1 {
                    '·'
                } else {
                    '╷'
                }
            }
            (Some(_), None) => '╵',
            (Some(before), Some(after)) => {
                if before == after {
                    '│'
                } else {
                    '┼'
                }
            }
        }
    }
}

/// The listing with the columns to its right.
pub(super) fn beside(listing: &str, assignment: &Assignment) -> String {
    let columns = columns(assignment);
    let points = &assignment.points;
    let width = width(instructions(listing));
    let mut text = String::new();
    // Writing to a string cannot fail; likewise below.
    for (number, line) in listing.lines().enumerate() {
        let pc = line.strip_prefix("  ").and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
        let Some((pc, &point)) = pc.and_then(|pc| Some((pc, points.get(pc)?))) else {
            let _ = writeln!(text, "{line}");
            if number == 0 {
                let titles: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
                let _ = writeln!(text, "{}  {}", fitted("  live", width), titles.join(" "));
            }
            continue;
        };
        let is_last = points.get(pc + 1) != Some(&point);
        let glyphs: Vec<String> = columns
            .iter()
            .map(|column| format!("{:<width$}", column.glyph(point, is_last), width = column.title.len()))
            .collect();
        let _ = writeln!(text, "{}", format!("{}  {}", fitted(line, width), glyphs.join(" ")).trim_end());
    }
    text
}

/// A line for each live range: the virtual register, where it lives, from where to where, and its weight.
pub(super) fn list(assignment: &Assignment) -> String {
    let mut text = String::from("  live ranges: virtual register, place, instructions, uses weighted by loops\n");
    for ((range, location), instructions) in assignment.ranges.iter().zip(assignment.instructions()) {
        let place = place(*location).map_or("nowhere".to_string(), title);
        let instructions = match instructions {
            Some((first, last)) => format!("@{first}..{last}"),
            None => "-".to_string(),
        };
        let weight = assignment.weights[range.register as usize];
        let _ = writeln!(text, "    v{:<5}{place:<6}{instructions:<12}{weight}", range.register);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{beside, list};
    use converter::allocate::Location::{Register, Slot};
    use converter::explain::Assignment;
    use converter::live::LiveRange;

    /// `r1 := r0 + 1` twice, spilled at the end, in four instructions of which two belong together.
    #[test]
    fn columns_show_where_values_are_needed() {
        let range = |register, start, end| LiveRange { register, start, end };
        let ranges = vec![
            (range(0, 0, 2), Register(0)),
            (range(1, 3, 4), Register(1)),
            (range(2, 5, 5), Register(1)),
            (range(3, 5, 6), Slot(0)),
        ];
        let assignment = Assignment { ranges, weights: vec![1; 4], points: vec![2, 4, 4, 6] };
        let listing = "function 0 f: 1 parameters\na.zx:1: x\n  0  ONE\n  1  TWO\n  2  THREE r1\n  3  FOUR\n";
        let expected = "\
function 0 f: 1 parameters
  live         r0 r1 s0
a.zx:1: x
  0  ONE       ╵  ╷
  1  TWO          │
  2  THREE r1     ┼  ╷
  3  FOUR            ╵
";
        assert_eq!(beside(listing, &assignment), expected);
        assert!(list(&assignment).contains("v1    r1    @0..2       1\n"), "{}", list(&assignment));
    }
}
