//! Sets of small integers, a row for each basic block.

/// Rows of bits, all of one width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitMatrix {
    words: Vec<u64>,
    words_per_row: usize,
}

impl BitMatrix {
    /// `rows` empty sets of numbers below `columns`.
    pub fn new(rows: usize, columns: usize) -> Self {
        let words_per_row = columns.div_ceil(64);
        Self { words: vec![0; rows * words_per_row], words_per_row }
    }

    /// Words of a row.
    pub fn row(&self, row: usize) -> &[u64] {
        &self.words[row * self.words_per_row..(row + 1) * self.words_per_row]
    }

    /// Words of a row, to be changed.
    pub fn row_mut(&mut self, row: usize) -> &mut [u64] {
        &mut self.words[row * self.words_per_row..(row + 1) * self.words_per_row]
    }

    /// Whether `column` is in the set `row`.
    pub fn contains(&self, row: usize, column: u32) -> bool {
        self.words[row * self.words_per_row + column as usize / 64] >> (column % 64) & 1 != 0
    }

    /// Puts `column` into the set `row`.
    pub fn insert(&mut self, row: usize, column: u32) {
        self.words[row * self.words_per_row + column as usize / 64] |= 1 << (column % 64);
    }

    /// Takes `column` out of the set `row`.
    pub fn remove(&mut self, row: usize, column: u32) {
        self.words[row * self.words_per_row + column as usize / 64] &= !(1 << (column % 64));
    }

    /// Members of the set `row`, ascending.
    pub fn iter(&self, row: usize) -> impl Iterator<Item = u32> + '_ {
        self.row(row).iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                Some(index as u32 * 64 + bit)
            })
        })
    }
}
