//! Rows of bits against sets.

use std::collections::BTreeSet;

use optimizer::BitMatrix;

#[test]
fn rows_are_sets() {
    for columns in [1, 2, 63, 64, 65, 127, 128, 129, 1000] {
        let rows = 5;
        let mut matrix = BitMatrix::new(rows, columns);
        let mut sets = vec![BTreeSet::new(); rows];
        let mut state = columns as u64;
        for step in 0..2000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let row = (state >> 33) as usize % rows;
            let column = (state >> 40) as u32 % columns as u32;
            if step % 3 == 0 {
                matrix.remove(row, column);
                sets[row].remove(&column);
            } else {
                matrix.insert(row, column);
                sets[row].insert(column);
            }
            assert_eq!(matrix.contains(row, column), sets[row].contains(&column));
        }
        for (row, set) in sets.iter().enumerate() {
            assert!(matrix.iter(row).eq(set.iter().copied()), "{columns} columns, row {row}");
            let words = matrix.row(row).iter().map(|word| word.count_ones()).sum::<u32>();
            assert_eq!(words as usize, set.len());
        }
    }
}

#[test]
fn borders_belong_to_their_rows() {
    let mut matrix = BitMatrix::new(3, 64);
    for column in [0, 63] {
        matrix.insert(1, column);
    }
    assert_eq!(matrix.iter(0).count(), 0);
    assert_eq!(matrix.iter(1).collect::<Vec<_>>(), [0, 63]);
    assert_eq!(matrix.iter(2).count(), 0);
    matrix.row_mut(2).fill(u64::MAX);
    assert_eq!(matrix.iter(2).count(), 64);
    assert_eq!(matrix.iter(1).count(), 2);
    matrix.remove(2, 5);
    assert!(!matrix.contains(2, 5) && matrix.contains(2, 4) && matrix.contains(2, 6));
}

#[test]
fn nothing_is_a_matrix_too() {
    let matrix = BitMatrix::new(4, 0);
    assert_eq!(matrix.iter(3).count(), 0);
    assert_eq!(BitMatrix::new(0, 100), BitMatrix::new(0, 100));
}
