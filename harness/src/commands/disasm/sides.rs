//! Two listings of one function, stack code to the left and register code to the right.
//!
//! What comes from the same line of source stands side by side under it. Both forms visit the lines in nearly the same order, but not
//! quite, and one may lack some. So as many lines as can be had in order are matched (a longest common subsequence), and what lies in
//! between stands alone on its side.

use std::collections::HashMap;

use super::{fitted, width};

/// Narrower columns look restless from function to function.
const NARROWEST: usize = 24;

/// A line of source may have instructions in several places: a loop's condition, clean-up code. The i-th place to the left is matched with one
/// to the right whose number differs by at most this, so that the work grows with the length of the listings and not with its square.
const FARTHEST: usize = 8;

/// Instructions that come from one line of source, under that line.
struct Section<'l> {
    title: &'l str,
    lines: Vec<&'l str>,
}

fn sections(listing: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in listing.lines() {
        match (line.starts_with("  "), sections.last_mut()) {
            (true, Some(section)) => section.lines.push(line),
            _ => sections.push(Section { title: line, lines: Vec::new() }),
        }
    }
    sections
}

/// The two listings side by side.
pub(super) fn by_side(stack: &str, register: &str) -> String {
    let (mut left, mut right) = (sections(stack), sections(register));
    if left.is_empty() || right.is_empty() {
        return String::new();
    }
    // The heads name the function, which is said once, and count what each form has.
    let (left_head, right_head) = (left.remove(0), right.remove(0));
    let ((name, left_counts), (_, right_counts)) = (head(left_head.title), head(right_head.title));
    let lines = left.iter().flat_map(|section| section.lines.iter().copied());
    let text = format!("{name}\n  stack form:    {left_counts}\n  register form: {right_counts}\n");
    let mut page = Page { text, width: width(lines).max(NARROWEST) };
    page.rows(&left_head.lines, &right_head.lines);
    let (mut at, mut other) = (0, 0);
    for (left_match, right_match) in matches(&left, &right).into_iter().chain([(left.len(), right.len())]) {
        for section in &left[at..left_match] {
            page.title(section.title);
            page.rows(&section.lines, &[]);
        }
        for section in &right[other..right_match] {
            page.title(section.title);
            page.rows(&[], &section.lines);
        }
        if let (Some(left), Some(right)) = (left.get(left_match), right.get(right_match)) {
            page.title(left.title);
            page.rows(&left.lines, &right.lines);
        }
        (at, other) = (left_match + 1, right_match + 1);
    }
    page.text
}

/// The name of the function, and what there is of it.
fn head(title: &str) -> (&str, &str) {
    title.split_once(": ").unwrap_or((title, ""))
}

/// What is printed.
struct Page {
    text: String,
    /// Of what stands to the left.
    width: usize,
}

impl Page {
    fn title(&mut self, title: &str) {
        self.text.push_str(title);
        self.text.push('\n');
    }

    fn rows(&mut self, left: &[&str], right: &[&str]) {
        for row in 0..left.len().max(right.len()) {
            let (left, right) = (left.get(row).unwrap_or(&""), right.get(row).unwrap_or(&""));
            let line = format!("{} │{right}", fitted(left, self.width));
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }
}

/// A match, and the one before it in the longest chain that ends with it.
struct Link {
    pair: (usize, usize),
    before: Option<usize>,
}

/// Sections with the same title, as many as can be had in order. (The algorithm is that of Hunt and Szymanski.)
fn matches(left: &[Section<'_>], right: &[Section<'_>]) -> Vec<(usize, usize)> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (other, section) in right.iter().enumerate() {
        places.entry(section.title).or_default().push(other);
    }
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut links: Vec<Link> = Vec::new();
    // For each length of a chain the link that ends one furthest up to the right. These ascend.
    let mut ends: Vec<usize> = Vec::new();
    for (at, section) in left.iter().enumerate() {
        let number = numbers.entry(section.title).or_default();
        let near = number.saturating_sub(FARTHEST)..*number + FARTHEST + 1;
        *number += 1;
        let places = places.get(section.title).map_or(&[][..], Vec::as_slice);
        let candidates = places.iter().skip(near.start).take(near.len());
        // From the bottom up, so that no chain has two matches of this section.
        for &other in candidates.rev() {
            let length = ends.partition_point(|&end| links[end].pair.1 < other);
            links.push(Link { pair: (at, other), before: length.checked_sub(1).map(|before| ends[before]) });
            match ends.get_mut(length) {
                Some(end) => *end = links.len() - 1,
                None => ends.push(links.len() - 1),
            }
        }
    }
    let chain = std::iter::successors(ends.last().copied(), |&link| links[link].before);
    let mut pairs: Vec<(usize, usize)> = chain.map(|link| links[link].pair).collect();
    pairs.reverse();
    pairs
}

#[cfg(test)]
mod tests {
    use super::{Section, by_side, matches};

    #[test]
    fn sections_of_one_line_stand_side_by_side() {
        let stack = "function 0 f: 1 locals\na.zx:1: let x = 1\n  0  LOAD_CONST 1\n  1  STORE_LOCAL x\na.zx:2: return x\n  2  LOAD_LOCAL x\n";
        let register = "function 0 f: 1 registers\na.zx:1: let x = 1\n  0  LOAD_INT r0, 1\na.zx:3: end\n  1  NOP_REG\n";
        let text = by_side(stack, register);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], ["function 0 f", "  stack form:    1 locals", "  register form: 1 registers"]);
        assert_eq!(lines[3], "a.zx:1: let x = 1");
        assert_eq!(lines[4], "  0  LOAD_CONST 1        │  0  LOAD_INT r0, 1");
        assert_eq!(lines[5], "  1  STORE_LOCAL x       │");
        assert!(lines.contains(&"a.zx:2: return x") && lines.contains(&"a.zx:3: end"));
        assert!(text.contains("                         │  1  NOP_REG"), "{text}");
    }

    fn titled<'l>(titles: &[&'l str]) -> Vec<Section<'l>> {
        titles.iter().map(|&title| Section { title, lines: Vec::new() }).collect()
    }

    #[test]
    fn as_many_sections_match_as_can_be_had_in_order() {
        let pairs = |left: &[&str], right: &[&str]| matches(&titled(left), &titled(right));
        assert_eq!(pairs(&["a", "b", "c"], &["a", "c"]), [(0, 0), (2, 1)]);
        assert_eq!(pairs(&["a", "b", "c", "b"], &["x", "a", "c", "b"]), [(0, 1), (2, 2), (3, 3)]);
        assert_eq!(pairs(&["a"], &["b"]), []);
        assert_eq!(pairs(&[], &["b"]), []);
    }

    /// Beside a plain dynamic program, on all short texts of two letters.
    #[test]
    fn matches_are_longest_common_subsequences() {
        let letters = |length: usize, bits: usize| (0..length).map(|at| ["a", "b"][(bits >> at) & 1]).collect();
        let texts: Vec<Vec<&str>> =
            (0..5).flat_map(|length| (0..1 << length).map(move |bits| letters(length, bits))).collect();
        for left in &texts {
            for right in &texts {
                let pairs = matches(&titled(left), &titled(right));
                assert!(pairs.iter().all(|&(at, other)| left[at] == right[other]));
                assert!(pairs.is_sorted_by(|pair, next| pair.0 < next.0 && pair.1 < next.1), "{pairs:?}");
                let mut longest = vec![vec![0; right.len() + 1]; left.len() + 1];
                for at in 0..left.len() {
                    for other in 0..right.len() {
                        longest[at + 1][other + 1] = if left[at] == right[other] {
                            longest[at][other] + 1
                        } else {
                            longest[at][other + 1].max(longest[at + 1][other])
                        };
                    }
                }
                assert_eq!(pairs.len(), longest[left.len()][right.len()], "{left:?} {right:?}");
            }
        }
    }
}
