//! Tables for the log: columns as wide as their widest cell.

use std::borrow::Cow;

use keyless_core::code_insights::shortened;

/// How many characters of a cell are shown.
const CELL_LIMIT: usize = 200;

/// The lines of a table, whose first row has the titles. A column without a value is left out. `right` aligns every column but
/// the first to the right.
pub(crate) fn lines(rows: &[Vec<String>], right: bool) -> Vec<String> {
    let rows: Vec<Vec<Cow<'_, str>>> = rows.iter().map(|row| row.iter().map(|cell| shown(cell)).collect()).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let is_used = |column: &usize| {
        rows.len() < 2 || rows[1..].iter().any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty()))
    };
    let used: Vec<(usize, usize)> = (0..columns).filter(is_used).map(|column| (column, width(column))).collect();
    let line = |row: &Vec<Cow<'_, str>>| {
        let cells = used.iter().map(|&(column, width)| {
            let cell = row.get(column).map_or("", |cell| cell);
            if right && column > 0 { format!("{cell:>width$}") } else { format!("{cell:width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A cell as a line of bounded length.
fn shown(cell: &str) -> Cow<'_, str> {
    let cell = shortened(cell, CELL_LIMIT);
    if cell.contains(char::is_control) { cell.replace(char::is_control, " ").into() } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["stack", "add"], ["Häuser", "12"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(lines(&rows, true), ["stack   add", "Häuser   12"]);
        assert_eq!(lines(&rows, false), ["stack   add", "Häuser  12"]);
    }

    #[test]
    fn a_column_without_a_value_is_left_out() {
        let rows = [["stack", "result", "time"], ["A", "", "1 s"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(lines(&rows, false), ["stack  time", "A      1 s"]);
    }

    #[test]
    fn a_cell_is_one_line_of_bounded_length() {
        let rows = [vec!["a\nb".to_owned(), "x".repeat(70_000)]];
        assert_eq!(lines(&rows, false), [format!("a b  {}…", "x".repeat(199))]);
    }
}
