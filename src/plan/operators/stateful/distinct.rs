//! Rows by their keys, where a key may have many. Each key is compared with others, not each row.

use datafusion::common::HashMap;

/// The keys of rows, each once, as they first come.
#[derive(Debug, Default)]
pub struct DistinctKeys {
    /// Of each key, its first row.
    pub firsts: Vec<u32>,
    /// Of each key, how many rows it has.
    counts: Vec<usize>,
    /// The rows, and the key of each.
    rows: Vec<u32>,
    numbers: Vec<u32>,
}

impl DistinctKeys {
    /// Of rows and the bytes of their keys.
    pub fn of<'a>(rows: impl Iterator<Item = (u32, &'a [u8])>) -> Self {
        let mut found: HashMap<&[u8], u32> = HashMap::new();
        let mut distinct = Self::default();
        for (row, key) in rows {
            let number = *found.entry(key).or_insert_with(|| {
                distinct.firsts.push(row);
                distinct.counts.push(0);
                (distinct.counts.len() - 1) as u32
            });
            distinct.counts[number as usize] += 1;
            distinct.rows.push(row);
            distinct.numbers.push(number);
        }
        distinct
    }

    /// The rows, key after key in this order and as they came, and where those of each key end.
    pub fn in_order(&self, order: &[u32]) -> (Vec<u32>, Vec<usize>) {
        // Of each key, where its next row goes.
        let (mut next, mut ends, mut end) = (vec![0; self.counts.len()], Vec::with_capacity(order.len()), 0);
        for number in order {
            next[*number as usize] = end;
            end += self.counts[*number as usize];
            ends.push(end);
        }
        let mut placed = vec![0; self.rows.len()];
        for (row, number) in self.rows.iter().zip(&self.numbers) {
            let place = &mut next[*number as usize];
            placed[*place] = *row;
            *place += 1;
        }
        (placed, ends)
    }
}

#[cfg(test)]
mod tests {
    use super::DistinctKeys;

    #[test]
    fn rows_come_key_after_key_and_as_they_came() {
        let keys = ["b", "a", "b", "c", "a"];
        let distinct = DistinctKeys::of(keys.iter().zip(0..).map(|(key, row)| (row, key.as_bytes())));
        assert_eq!(distinct.firsts, [0, 1, 3]);
        assert_eq!(distinct.in_order(&[1, 0, 2]), (vec![1, 4, 0, 2, 3], vec![2, 4, 5]));
        assert_eq!(DistinctKeys::default().in_order(&[]), (vec![], vec![]));
    }
}
