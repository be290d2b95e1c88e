//! "Did you mean …?"

/// Longer names get no suggestion: comparing two takes the product of their lengths.
const LONGEST: usize = 64;
/// How many names are looked at, so that a program that meets an error for each of its names takes no longer than one with few names.
const MOST: usize = 4096;

/// The known name nearest to `name` by edit distance, if one is near enough to be a likely slip.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    known
        .take(MOST)
        .filter(|candidate| *candidate != name && !candidate.is_empty() && candidate.len().abs_diff(name.len()) <= 3)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|&(distance, _)| distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance with transpositions of neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut current = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substitution = previous[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            current[j] = substitution.min(previous[j] + 1).min(current[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                current[j] = current[j].min(before[j - 2] + 1);
            }
        }
        before = previous;
        previous = current;
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_those_looked_at_is_suggested() {
        let near = |name: &str, known: &[&'static str]| nearest(name, known.iter().copied());
        assert_eq!(near("pusj", &["pull", "push"]), Some("push"));
        assert_eq!(near("puhs", &["push"]), Some("push"));
        assert_eq!(near("xyz", &["push"]), None);
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(nearest(&long, std::iter::once(&*format!("{}y", &long[1..]))), None);
        let late = std::iter::repeat_n("other", MOST).chain(["push"]);
        assert_eq!(nearest("pusj", late), None);
    }
}
