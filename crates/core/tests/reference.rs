//! `docs/pipeline-language.md` is the language table; `SNAPSHOTS=overwrite` updates it.

use snapbox::{assert_data_eq, file};

#[test]
fn the_reference_page_is_the_table() {
    assert_data_eq!(keyless_core::language::reference(), file!["../../../docs/pipeline-language.md"].raw());
}
