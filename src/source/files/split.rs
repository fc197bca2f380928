//! Who reads what: files are cut into spans of about equal size and packed into partitions, by
//! Spark's rule, so that every lane has work and many small files share a partition.

use super::list::FileEntry;
use super::partition::Values;
use super::{FileReader, Sizes, Span};

/// A span and what its file's directories say.
#[derive(Clone, Debug)]
pub struct Piece {
    pub span: Span,
    pub values: Values,
    /// When the file was changed last.
    pub modified_ms: i64,
}

/// Packs files into partitions for `lanes` lanes. Big pieces come first, as in Spark.
pub fn pack(files: &[FileEntry], reader: &dyn FileReader, sizes: Sizes, lanes: usize) -> Vec<Vec<Piece>> {
    let total: u64 = files.iter().map(|file| file.size + sizes.open_cost).sum();
    let share = total / lanes.max(1) as u64;
    let most = sizes.most.min(sizes.open_cost.max(share)).max(1);

    let mut pieces: Vec<Piece> = files.iter().flat_map(|file| cut(file, most, reader.splittable(&file.path))).collect();
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.span.end - piece.span.start));

    let (mut parts, mut part, mut held) = (Vec::new(), Vec::new(), 0);
    for piece in pieces {
        let size = piece.span.end - piece.span.start;
        if held + size > most && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
            held = 0;
        }
        held += size + sizes.open_cost;
        part.push(piece);
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

fn cut(file: &FileEntry, most: u64, splittable: bool) -> Vec<Piece> {
    let piece = |start, end| Piece {
        span: Span { path: file.path.clone(), start, end, size: file.size },
        values: file.values.clone(),
        modified_ms: file.modified_ms,
    };
    if !splittable || file.size <= most {
        return vec![piece(0, file.size)];
    }
    (0..file.size.div_ceil(most)).map(|i| piece(i * most, ((i + 1) * most).min(file.size))).collect()
}
