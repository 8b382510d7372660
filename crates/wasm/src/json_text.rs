//! The form of every answer.

use serde_json::json;

/// `value` as JSON; `{"error": …}` where it cannot be written, which for values of text and numbers does not happen.
pub(crate) fn written(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| json!({ "error": error.to_string() }).to_string())
}
