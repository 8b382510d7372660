//! Finds the rows of a table that are about a program.

/// The rows of a table by the programs that they name. Tables are long, and every command of every step is looked up.
pub(crate) struct ProgramIndex<Row: 'static> {
    rows: &'static [Row],
    /// Names with the rows that they are in, both in order.
    names: Vec<(&'static str, usize)>,
}

impl<Row> ProgramIndex<Row> {
    /// The index of a table whose rows name their programs in `programs`.
    pub(crate) fn new(rows: &'static [Row], programs: fn(&'static Row) -> &'static [&'static str]) -> Self {
        let pairs = |(at, row)| programs(row).iter().map(move |name| (*name, at));
        let mut names: Vec<(&'static str, usize)> = rows.iter().enumerate().flat_map(pairs).collect();
        names.sort_unstable();
        Self { rows, names }
    }

    /// The rows that name a program, in the order of the table.
    pub(crate) fn of(&self, program: &str) -> impl Iterator<Item = &'static Row> {
        let first = self.names.partition_point(|(name, _)| *name < program);
        let same = self.names[first..].iter().take_while(move |(name, _)| *name == program);
        same.filter_map(|(_, at)| self.rows.get(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_in_the_order_of_the_table() {
        static ROWS: [(&[&str], u8); 4] = [(&["npm", "yarn"], 1), (&["aws"], 2), (&["npm"], 3), (&[], 4)];
        let index = ProgramIndex::new(&ROWS, |(programs, _)| programs);
        let found = |program: &str| index.of(program).map(|(_, row)| *row).collect::<Vec<_>>();
        for (program, expected) in
            [("npm", &[1, 3][..]), ("yarn", &[1]), ("aws", &[2]), ("np", &[]), ("npmx", &[]), ("", &[]), ("zip", &[])]
        {
            assert_eq!(found(program), expected, "{program}");
        }
    }
}
