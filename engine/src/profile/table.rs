//! What a probe gives: a table of figures, the same for people and for programs.

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name among the probe's tables.
    pub name: &'static str,
    /// What it shows, in one line.
    pub title: &'static str,
    /// Headings.
    pub columns: &'static [&'static str],
    /// Rows, what matters most first; a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// What is to be said about the whole.
    pub notes: Vec<String>,
}

/// A figure or a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A number of things.
    Count(u64),
    /// A number of bytes.
    Bytes(u64),
    /// A part of a whole, from 0 to 1.
    Share(f64),
    /// So many of one thing for one of another.
    Ratio(f64),
    /// There is no figure.
    None,
}

/// `1 site`, `2 sites`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

impl Cell {
    /// `part` of `whole`; none when the whole is nothing.
    pub fn share(part: u64, whole: u64) -> Self {
        if whole == 0 { Self::None } else { Self::Share(part as f64 / whole as f64) }
    }

    /// So many for each; none when there is none.
    pub fn ratio(of: u64, each: u64) -> Self {
        if each == 0 { Self::None } else { Self::Ratio(of as f64 / each as f64) }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_string())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_thing_is_no_things() {
        assert_eq!([counted(0, "site"), counted(1, "site"), counted(2, "site")], ["0 sites", "1 site", "2 sites"]);
    }
}
