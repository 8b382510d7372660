//! Rules are independent of each other: what several ask belongs to `pipeline`, `facts` or `analysis`, and which of two
//! findings is reported is declared with `explained_by`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{fs, path::Path};

#[test]
fn no_rule_uses_another() {
    let mut wrong = Vec::new();
    let mut files = 0;
    for kind in ["pipeline", "trust"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules").join(kind);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            files += 1;
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let imports = code.filter(|line| {
                line.contains("super::") || line.contains("rules::pipeline::") || line.contains("rules::trust::")
            });
            wrong.extend(imports.map(|line| format!("{}: {}", path.display(), line.trim())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(files > 100, "only {files} rules were read");
}
